//! The lane protocol: one long-lived `sh` on a channel, requests in, marked output back.
