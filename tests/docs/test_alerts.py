"""Alerts and dashboard are well formed and use only metrics and labels that the service exports."""

import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import promql_parser
import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families
from promql_parser import AggregateExpr, Matcher, MatchOp, VectorSelector

from app.jobs.unfinished import UnfinishedGauges
from app.problems import DatabaseUnavailable
from app.settings import Settings
from app.telemetry import dependencies, metrics
from tests.support.programs import required
from tests.support.service import Running, running
from tests.support.stand_ins.fal import FalStandIn
from tests.support.stand_ins.fal_faults import NO_VIDEO, Answer
from tests.support.stand_ins.videos import small_video

RULES = yaml.safe_load(Path("docs/alerts.yml").read_text())
MACHINE_RULES = yaml.safe_load(Path("docs/machine-alerts.yml").read_text())
CASES = Path("tests/docs/alerts_test.yml")
DASHBOARD = json.loads(Path("docs/dashboard.json").read_text())
ALERTS = RULES["groups"][0]["rules"]
MACHINE_ALERTS = MACHINE_RULES["groups"][0]["rules"]
PANELS = DASHBOARD["panels"]
ADDED_BY_PROMETHEUS = {"job", "instance"}
EXACT_MATCHES = (MatchOp.Equal, MatchOp.NotEqual)
SOURCE = "".join(path.read_text() for path in Path("app").rglob("*.py"))

Exported = dict[str, list[dict[str, str]]]
"""The labels of every sample, by the sample's name."""


@pytest.fixture
async def exported(
    settings: Settings, fal: FalStandIn, monkeypatch: pytest.MonkeyPatch
) -> Exported:
    """The content of /metrics after a whole job and after each failure that has an alert."""
    settings = settings.model_copy(update={"public_url": "http://127.0.0.1"})
    async with running(settings, fal, seam=metrics.timed) as run:
        await complete_a_job(run, fal)
        await cause_fal_failures(run, fal)
        await UnfinishedGauges(run.service.database).measure()
        await cause_own_failures(run, monkeypatch)
        samples: Exported = defaultdict(list, up=[{}])
        for family in text_string_to_metric_families((await run.client.get("/metrics")).text):
            for sample in family.samples:
                samples[sample.name].append(sample.labels)
        return samples


async def complete_a_job(run: Running, fal: FalStandIn) -> None:
    await run.submitted()
    fal.complete(fal.newest, small_video())
    await fal.call_back(run.client, fal.newest)
    await run.wait_for_background()
    await run.service.sweep.once()


async def cause_fal_failures(run: Running, fal: FalStandIn) -> None:
    await run.submitted()
    fal.complete(fal.newest, small_video())
    fal.faults.add("media", NO_VIDEO)
    await fal.call_back(run.client, fal.newest)
    await run.submitted()
    fal.complete(fal.newest, output={"video": {"url": "https://elsewhere.example/video.mp4"}})
    await fal.call_back(run.client, fal.newest)
    await run.wait_for_background()
    fal.faults.add("submit", Answer(401, {"detail": "who are you?"}))
    assert (await run.submit()).status_code == 502


async def cause_own_failures(run: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unavailable(*_: object) -> None:
        raise DatabaseUnavailable

    async def broken() -> None:
        raise RuntimeError

    dependencies.record("key_set", up=False)
    await run.get("/api/templates/video/events", jobId="nobody's")
    monkeypatch.setattr(run.service.database, "_run", unavailable)
    assert (await run.client.get("/readyz")).status_code == 503
    monkeypatch.undo()
    monkeypatch.setattr(run.service.catalogue, "all", broken)
    assert (await run.client.get("/api/templates")).status_code == 500


def expressions() -> Iterator[tuple[str, str]]:
    """Yield every expression, with the names of the labels that its text shows."""
    for rule in ALERTS:
        shown = " ".join(rule["annotations"].values())
        yield rule["expr"], " ".join(re.findall(r"\$labels\.(\w+)", shown))
    for panel in PANELS:
        for target in panel["targets"]:
            shown = " ".join(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            yield target["expr"].replace("$__rate_interval", "5m"), shown


def test_every_metric_and_label_in_an_expression_is_exported(exported: Exported) -> None:
    for expression, shown in expressions():
        kept = set[str]()

        def visit(node: promql_parser.Expr, kept: set[str] = kept) -> None:
            if isinstance(node, VectorSelector):
                require_exported(node, exported)
            if isinstance(node, AggregateExpr) and node.modifier is not None:
                assert set(node.modifier.labels) <= labels_below(node, exported), node.prettify()
                kept.update(node.modifier.labels)

        promql_parser.walk(promql_parser.parse(expression), visit)
        assert set(shown.split()) <= (kept or ADDED_BY_PROMETHEUS), expression


def require_exported(selector: VectorSelector, exported: Exported) -> None:
    """Fail if the service does not export the name, a label, or a value that a matcher names."""
    assert selector.name in exported, selector.name
    for matcher in selector.matchers.matchers:
        if matcher.name not in ADDED_BY_PROMETHEUS:
            values = [labels[matcher.name] for labels in exported[selector.name]]
            assert all(any(word in value for value in values) for word in values_named(matcher)), (
                matcher
            )
            assert any(matches(matcher, value) for value in values), matcher


def values_named(matcher: Matcher) -> list[str]:
    if matcher.op in EXACT_MATCHES:
        return [matcher.value]
    return re.findall(r"\w+", matcher.value)


def matches(matcher: Matcher, value: str) -> bool:
    if matcher.op in EXACT_MATCHES:
        return matcher.value == value
    return re.fullmatch(matcher.value, value) is not None


def labels_below(node: promql_parser.Expr, exported: Exported) -> set[str]:
    names = set(ADDED_BY_PROMETHEUS)

    def visit(below: promql_parser.Expr) -> None:
        if isinstance(below, VectorSelector):
            names.update(*exported[below.name or ""])

    promql_parser.walk(node, visit)
    return names


def test_every_metric_and_log_line_in_an_annotation_exists(exported: Exported) -> None:
    for rule in ALERTS:
        text = " ".join(rule["annotations"].values())
        assert set(re.findall(r"\b\w+_(?:total|seconds)\b", text)) <= exported.keys()
        for line in re.findall(r'"(.+?)"', text):
            assert line in re.sub(r'"\s+f?"', "", SOURCE), line


def test_the_alerts_are_valid_rule_files() -> None:
    assert RULES.keys() == MACHINE_RULES.keys() == {"groups"}
    rules = [*ALERTS, *MACHINE_ALERTS]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule.keys() == {"alert", "expr", "for", "labels", "annotations"}
        assert re.fullmatch(r"Video[A-Za-z]+", rule["alert"])
        assert promql_parser.parse_duration(rule["for"]).total_seconds() >= 300
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert rule["annotations"].keys() == {"summary", "description", "action"}
    for rule in ALERTS:
        assert re.search('job="(video-generation|surrealdb)"', rule["expr"])


def test_each_alert_fires_when_it_must_and_is_silent_when_it_must() -> None:
    tested = subprocess.run(
        [required("promtool"), "test", "rules", CASES], capture_output=True, text=True, check=False
    )
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_each_alert_has_a_firing_and_a_silence() -> None:
    found = defaultdict[str, set[bool]](set)
    for case in yaml.safe_load(CASES.read_text())["tests"]:
        for question in case["promql_expr_test"]:
            (alert,) = re.findall(r'alertname="(\w+)"', question["expr"])
            found[alert].add(bool(question["exp_samples"]))
    rules = [*ALERTS, *MACHINE_ALERTS]
    assert found == {rule["alert"]: {True, False} for rule in rules}


def test_prometheus_takes_the_configuration_of_the_guide() -> None:
    config = Path("docs/prometheus.yml")
    checked = subprocess.run(
        [required("promtool"), "check", "config", config],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "2 rule files found" in checked.stdout


def test_grafana_can_import_the_dashboard() -> None:
    assert DASHBOARD["schemaVersion"] >= 39
    assert [each["type"] for each in DASHBOARD["templating"]["list"]] == ["datasource", "query"]
    assert len({panel["id"] for panel in PANELS}) == len({panel["title"] for panel in PANELS})
    for panel in PANELS:
        for source in (panel, *panel["targets"]):
            assert source["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert all('job="$job"' in target["expr"] for target in panel["targets"])


def test_no_panel_overlaps_another() -> None:
    cells = [cell for panel in PANELS for cell in cells_of(**panel["gridPos"])]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


def cells_of(x: int, y: int, w: int, h: int) -> Iterator[tuple[int, int]]:
    for column in range(x, x + w):
        for row in range(y, y + h):
            yield column, row


def metric_names() -> list[str]:
    collected = [each for each in vars(metrics).values() if isinstance(each, MetricWrapperBase)]
    return [family.name for metric in collected for family in metric.collect()]


def test_every_metric_is_on_the_dashboard() -> None:
    text = json.dumps(DASHBOARD)
    assert [name for name in metric_names() if name not in text] == []


def test_every_metric_has_one_row_in_the_operations_guide() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", Path("docs/operations.md").read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(metric_names())
