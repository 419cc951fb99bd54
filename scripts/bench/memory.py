"""The resident memory of a process, see proc(5)."""

from pathlib import Path

from tests.support.process import group


class Memory:
    """The resident memory of a process, in MiB."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def reset_peak(self) -> float:
        """Reset the peak, and return the current memory."""
        Path(f"/proc/{self._pid}/clear_refs").write_text("5")
        return self.held()

    def held(self) -> float:
        return _read(self._pid, "VmRSS")

    def peak(self) -> float:
        """Return the peak since it was last reset."""
        return _read(self._pid, "VmHWM")

    def peak_of_children(self) -> float:
        """Return the sum of the peaks of the other processes of its group."""
        return sum(_read(pid, "VmHWM") for pid in group(self._pid) - {self._pid})


def _read(pid: int, field: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024
