//! Against a private sshd.
