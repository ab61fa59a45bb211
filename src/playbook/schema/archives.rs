//! The schemas of `download`, `archive` and `unarchive`.

use serde_json::{Value, json};

use super::forms::object;
use crate::playbook::keys::{ARCHIVE, DOWNLOAD, UNARCHIVE};
use crate::resource::ArchiveFormat;

/// `download`, `archive`, `unarchive`.
pub(super) fn verbs() -> [Value; 3] {
    let mut download = object("download", "A file that holds what a URL gives.", &[DOWNLOAD], &["url", "dest"]);
    download["properties"]["url"]["examples"] = json!(["https://example.org/app-{{ release }}.tar.gz"]);
    download["properties"]["sha256"]["pattern"] = json!(r"^[0-9A-Fa-f]{64}$|\{\{|\{%");
    let mut archive = object("archive", "A file that holds what some paths hold.", &[ARCHIVE], &["src", "dest"]);
    let ends: Vec<String> = ArchiveFormat::ENDINGS.iter().map(|(end, _)| end.replace('.', "\\.")).collect();
    archive["properties"]["src"]["examples"] = json!(["/srv/app", ["/etc/nginx", "/srv/app"]]);
    archive["properties"]["dest"]["examples"] = json!(["/var/backups/app.tar.gz"]);
    // A template may give any name.
    archive["properties"]["dest"]["pattern"] = json!(format!(r"({})$|\{{\{{|\{{%", ends.join("|")));
    let mut unarchive = object("unarchive", "A folder that holds what an archive holds.", &[UNARCHIVE], &["src", "dest"]);
    unarchive["properties"]["src"]["examples"] = json!(["app-{{ release }}.tar.gz"]);
    unarchive["properties"]["dest"]["examples"] = json!(["/srv/app"]);
    unarchive["properties"]["src"]["not"] = json!({ "pattern": "^(https?|ftp)://" });
    unarchive["properties"]["strip"]["maximum"] = json!(100);
    [download, archive, unarchive]
}
