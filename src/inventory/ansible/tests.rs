//! Ansible inventories: what is read of them, and what is said.
