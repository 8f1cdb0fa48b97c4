"""Real processes, real faults: whatever dies, the same promises hold."""
