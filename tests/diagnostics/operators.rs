//! The five mistakes that cost operators most, each in a playbook of 300 lines as it is found in the field.

use std::fmt::Write as _;

use super::{INVENTORY, Told, check_in, unmarked};

/// A site with blocks, rounds, handlers, anchors and included values, of 300 lines and more.
fn site() -> String {
    let mut text = String::from(
        "# The whole site.\nname: Site\nvars:\n  release: \"2.4.1\"\n  root: /srv\n  app_dir: \"{{ root }}/app\"\n  proxy: http://proxy.example.net:3128\n\
         rounds:\n  - name: survey\n    hosts: all\n    tasks:\n      - { name: kernel, run: uname -r, read_only: true }\n      \
         - { name: uptime, read: /proc/uptime }\n      - parallel:\n          - { name: mounts, run: mount, read_only: true }\n          \
         - { name: logs, glob: \"/var/log/*.log\" }\n\n",
    );
    let services = ["api", "billing", "cart", "search", "mail", "images", "stock", "admin"];
    for (at, service) in services.iter().enumerate() {
        let env = if at == 0 { "&env { HTTPS_PROXY: \"{{ proxy }}\", LANG: C }" } else { "*env" };
        let _ = write!(
            text,
            "  # What {service} needs.\n  - name: {service}\n    hosts: web\n    batch: [canary, 50%, 100%]\n    max_failures: 1\n    become: root\n    env: {env}\n    \
             vars:\n      service: {service}\n      home: \"{{{{ app_dir }}}}/{{{{ service }}}}\"\n    tasks:\n      - name: drain\n        on: lb1\n        \
             run: [haproxyctl, disable, \"{service}/{{{{ host.name }}}}\"]\n      - name: change\n        block:\n          - name: fetch\n            run: |\n              \
             set -u\n              cd {{{{ home }}}}\n              curl -fsSO https://dist.example.net/{service}-{{{{ release }}}}.tgz\n              \
             tar -xzf {service}-{{{{ release }}}}.tgz\n            creates: \"{{{{ home }}}}/{{{{ release }}}}\"\n            timeout: 5m\n            retries: 2\n          \
             - name: config\n            copy:\n              src: files/{service}.conf\n              dest: /etc/{service}.conf\n              mode: \"0644\"\n            \
             notify: restart\n          - name: version\n            run: \"{{{{ home }}}}/bin/{service} --version\"\n            read_only: true\n        rescue:\n          \
             - {{ name: say, print: \"{service} on {{{{ host.name }}}}: {{{{ error.message }}}}\" }}\n      - flush: handlers\n      - name: told\n        \
             print: \"{service} {{{{ tasks.version.stdout }}}}\"\n    handlers:\n      - {{ name: restart, run: systemctl restart {service} }}\n    finally:\n      \
             - {{ name: undrain, on: lb1, run: [haproxyctl, enable, \"{service}/{{{{ host.name }}}}\"] }}\n\n"
        );
    }
    text.push_str(
        "  - name: report\n    hosts: localhost\n    after: always\n    tasks:\n      - print: |\n          {% for h in groups.web %}\n          {{ h }} \
         {{ rounds.survey.hosts[h].tasks.kernel.stdout | default('unknown') }}\n          {{ rounds.stock.hosts[h].tasks.version.stdout | default('?') }}\n          \
         {% endfor %}\n",
    );
    text
}

/// Puts a mistake into the site, in place of the one text `from`, and checks it: just that one is told, at its mark.
fn with_mistake(from: &str, to: &str) -> Told {
    let site = site();
    assert!(site.lines().count() >= 300, "only {} lines", site.lines().count());
    assert_eq!(site.matches(from).count(), 1, "{from:?} must stand once");
    let (plain, places) = unmarked(&site.replace(from, to));
    let told = check(&plain);
    let [one] = &told[..] else { panic!("{told:#?}") };
    assert_eq!([(one.place, one.under.clone())], places[..], "{one:#?}");
    one.clone()
}

fn check(playbook: &str) -> Vec<Told> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("files")).unwrap();
    for service in ["api", "billing", "cart", "search", "mail", "images", "stock", "admin"] {
        std::fs::write(folder.path().join(format!("files/{service}.conf")), "listen 80\n").unwrap();
    }
    check_in(folder.path(), INVENTORY, playbook)
}

#[test]
fn the_site_is_right() {
    assert_eq!(check(&site()), []);
}

#[test]
fn an_undefined_variable() {
    let told = with_mistake("https://dist.example.net/mail-{{ release }}.tgz", "https://dist.example.net/mail-{{ ⟦relaese⟧ }}.tgz");
    assert_eq!((told.code.as_str(), told.hint.as_str()), ("E110", "did you mean `release`?"));
    assert_eq!(told.message, "the variable `relaese` is not defined");
}

#[test]
fn a_typo_in_a_host() {
    let drain = |host: &str| format!("        on: {host}\n        run: [haproxyctl, disable, \"images/");
    let told = with_mistake(&drain("lb1"), &drain("⟦lb2⟧"));
    assert_eq!((told.code.as_str(), told.hint.as_str()), ("E118", "did you mean `lb1`?"));
    let hosts = |hosts: &str| format!("  - name: cart\n    hosts: {hosts}\n");
    let told = with_mistake(&hosts("web"), &hosts("web and not ⟦canray⟧"));
    assert_eq!((told.code.as_str(), told.hint.as_str()), ("E202", "did you mean `canary`?"));
}

#[test]
fn a_missing_file() {
    let told = with_mistake("src: files/search.conf", "src: ⟦files/serach.conf⟧");
    assert_eq!((told.code.as_str(), told.hint.as_str()), ("E190", "did you mean `search.conf`?"));
}

#[test]
fn a_wrong_type() {
    let fetch = |timeout: &str| {
        format!(
            "creates: \"{{{{ home }}}}/{{{{ release }}}}\"\n            timeout: {timeout}\n            retries: 2\n          - name: config\n            copy:\n              src: files/stock.conf"
        )
    };
    let told = with_mistake(&fetch("5m"), &fetch("⟦5⟧"));
    assert_eq!((told.code.as_str(), told.hint.as_str()), ("E017", "write 5s for seconds, 5m for minutes"));
    let drain = |run: &str| format!("run: [haproxyctl, disable, \"admin/{run}");
    let told = with_mistake(&drain("{{ host.name }}\"]\n"), &drain("{{ host.name }}\"]\n        once: ⟦\"yes\"⟧\n"));
    assert_eq!((told.code.as_str(), told.hint.as_str()), ("E016", "`yes` is text in YAML 1.2; write `true`"));
}

#[test]
fn a_result_used_before_it_exists() {
    let told = with_mistake("              src: files/billing.conf\n", "              content: \"{{ ⟦tasks.version.stdout⟧ }}\"\n");
    assert_eq!((told.code.as_str(), told.message.as_str()), ("E113", "the result of `version` is not there yet"));
    assert_eq!(told.hint, "move it up, or give it `needs: []`");
    assert_eq!(told.related[0].1, "runs after the task that reads it");
    // The place of the task that runs later, in the same round.
    assert_eq!(told.related[0].0.0, told.place.0 + 4);
}
