//! The inventory's hosts as a table.

use super::Options;
use super::paint::Paint;
use super::table::{Align, Table};
use crate::text::{plural, visible};

/// A host, as the table shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct HostRow {
    /// Its name.
    pub name: String,
    /// Where it is reached (`deploy@10.0.0.5:22`, `local`).
    pub address: String,
    /// Its groups.
    pub groups: Vec<String>,
}

/// Shows hosts as a table, in the order given.
#[must_use]
pub fn hosts(rows: &[HostRow], options: &Options) -> String {
    if rows.is_empty() {
        return "no hosts\n".to_owned();
    }
    let paint = Paint::new(options);
    let mut table = Table::new(paint, &[("host", Align::Left), ("address", Align::Left), ("groups", Align::Left)]);
    for row in rows {
        table.row(vec![(visible(&row.name), None), (visible(&row.address), None), (visible(&row.groups.join(" ")), None)]);
    }
    let mut lines = table.render(options.width);
    lines.push(paint.dim(&plural(rows.len(), "host")));
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table() {
        let row = |name: &str, groups: &[&str]| HostRow {
            name: name.into(),
            address: format!("deploy@{name}:22"),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        };
        insta::assert_snapshot!(hosts(&[row("web01", &["web", "canary"]), row("db1", &[])], &Options::default()), @r"
        host   address          groups
        web01  deploy@web01:22  web canary
        db1    deploy@db1:22
        2 hosts
        ");
        assert_eq!(hosts(&[], &Options::default()), "no hosts\n");
    }
}
