//! Names that users of Ansible know and that are no filter, test or function here: what to write instead.
//!
//! What would read a file, the environment, a clock or chance is not there, since the same inputs give the same plan.

/// What to write in place of a filter.
pub(in crate::template) fn filter_elsewhere(name: &str) -> Option<&'static str> {
    let name = plain(name);
    Some(match name {
        "random" | "shuffle" | "random_mac" => CHANCE,
        "realpath" | "expanduser" | "expandvars" => PATHS,
        "fileglob" => "for files of the host use the verb `glob`: `tasks.x.outputs.paths`",
        "ipaddr" | "ipv4" | "ipv6" | "ipwrap" | "ipsubnet" | "ipmath" | "nthhost" | "network_in_usable" | "cidr_merge" => NETWORKS,
        "json_query" => "write it with `selectattr`, `map(attribute=..)` and `items`",
        "vault" | "unvault" => "secrets are written under `secrets:`",
        "from_csv" | "xml" | "parse_cli" => "nothing reads this format here; let the host print JSON and read `tasks.x.json`",
        "to_uuid" => "write `| hash` for an id that follows from a text",
        "lookup" | "query" => LOOKUP,
        _ if name.starts_with("win_") => "Windows is not supported",
        _ => return None,
    })
}

/// What to write in place of a test.
pub(in crate::template) fn test_elsewhere(name: &str) -> Option<&'static str> {
    let name = plain(name);
    Some(match name {
        "exists" | "file" | "directory" | "link" | "link_exists" | "mount" | "same_file" | "abs" | "is_abs" => {
            "a test reads no files; for the host's use the verb `stat`: `tasks.x.outputs.exists`"
        }
        "started" | "finished" | "timedout" | "reachable" => "write `tasks.x.status == \"..\"`",
        "vault_encrypted" | "vaulted_file" => "secrets are written under `secrets:`",
        "ip" | "ipv4" | "ipv6" | "ip_address" | "in_network" | "public" | "private" => NETWORKS,
        _ => return None,
    })
}

/// What to write in place of a function.
pub(in crate::template) fn function_elsewhere(name: &str) -> Option<&'static str> {
    let name = plain(name);
    Some(match name {
        "lookup" | "query" | "q" => LOOKUP,
        "now" => "write `run.started`, the same for all of a run: `run.started | date('%Y-%m-%d')`",
        "random" | "lipsum" => CHANCE,
        "undef" => "write `none | mandatory('why')`",
        "vars" | "varnames" => "a variable is read by its name, one of a host by `hosts[name].vars`",
        _ => return None,
    })
}

const CHANCE: &str = "a plan leaves nothing to chance; `| hash` of `host.name` spreads hosts evenly";
const PATHS: &str = "a filter reads no files; ask the host: `run: readlink -f ..` and `tasks.x.stdout`";
const NETWORKS: &str = "addresses are not computed with here; keep them in variables";
const LOOKUP: &str = "the environment is `controller.env.NAME`, a secret stands under `secrets:`, a file's text comes by `copy`, `template` or a `read` on `localhost`";

/// The name without its collection: `ansible.builtin.random`.
fn plain(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
