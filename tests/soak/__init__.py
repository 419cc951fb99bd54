"""Long tests: processes are killed hundreds of times, and the contract is tried thousands."""
