//! One file per resource verb: pure generators of commands, and readers of what they print.
pub mod read {
    pub fn script(_p: &str) -> String {
        String::new()
    }
}
pub mod glob {
    pub fn script(_p: &[String]) -> String {
        String::new()
    }
    pub fn paths(_s: &str) -> Vec<String> {
        Vec::new()
    }
}
pub mod stat {
    pub fn script(_p: &str) -> String {
        String::new()
    }
    pub fn read(_s: &str) -> Option<indexmap::IndexMap<String, crate::model::Value>> {
        None
    }
}
pub mod fetch {
    pub fn script(_p: &str) -> String {
        String::new()
    }
}
pub mod copy {
    #[derive(Debug, Clone, Default)]
    pub struct Target {
        pub dest: String,
        pub mode: Option<u32>,
        pub owner: Option<String>,
        pub group: Option<String>,
    }
    pub fn script(_t: &Target, _b: &[u8]) -> String {
        String::new()
    }
    pub fn check(_t: &Target, _s: u64, _h: &str) -> String {
        String::new()
    }
    pub fn receive(_t: &Target, _s: u64) -> String {
        String::new()
    }
    pub fn changed(_s: &str) -> Option<bool> {
        None
    }
}
