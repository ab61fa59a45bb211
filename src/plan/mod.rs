//! The graph of a playbook, the ready queue, and how a plan is shown.
