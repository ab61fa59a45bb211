//! From YAML to the plan's text: the whole pure pipeline.

use std::path::Path;
use std::sync::Arc;

use super::{ControllerInfo, NothingYet, RunInfo, World, build, plan_text, unpainted, view};
use crate::diag::{Diagnostics, SourceMap};
use crate::template::Engine;

/// The plan of a playbook as text, or what is wrong with it.
fn planned(inventory: &str, playbook: &str) -> String {
    let mut map = SourceMap::default();
    let mut engine = Engine::new();
    let mut diagnostics = Diagnostics::default();
    let hosts = map.add("hosts.yml", Some(Path::new("/play/hosts.yml")), inventory);
    let file = map.add("play.yml", Some(Path::new("/play/play.yml")), playbook);
    let text = (|| {
        let inventory = crate::inventory::load(&map, hosts, &mut engine, &mut diagnostics)?;
        let syntax = crate::playbook::read(&map, file, &mut diagnostics)?;
        let options = crate::playbook::Options::default();
        let resolved = crate::playbook::resolve(&syntax, &map, &inventory, &mut engine, &options, &mut diagnostics)?;
        let plan = build(&resolved.playbook, &mut diagnostics)?;
        let run = RunInfo { user: "ann".to_owned(), ..RunInfo::default() };
        let world =
            World::new(Arc::new(resolved.playbook), Arc::new(inventory), &plan, Arc::new(NothingYet), run, ControllerInfo::default());
        let view = view(&plan, &world, &engine, &map, &mut diagnostics);
        Some(plan_text(&view, 80, &unpainted))
    })();
    let told = diagnostics.to_text(&map);
    match text {
        Some(text) if told.is_empty() => text,
        Some(text) => format!("{text}\n{told}"),
        None => told,
    }
}

const HOSTS: &str = "\
vars: { ntp: 10.0.0.1 }
hosts:
  db1: { address: 10.0.0.5, vars: { role: primary } }
  web[01-04]: {}
groups:
  web: { hosts: 'web[01-04]', vars: { http_port: 8080 } }
  canary: { hosts: [web01, web02] }
";

#[test]
fn a_run_from_end_to_end() {
    insta::assert_snapshot!(planned(
        HOSTS,
        r#"
name: Patch the web tier
vars: { release: "2.4.1", url: "http://{{ host.name }}:{{ http_port }}/" }
rounds:
  - name: survey
    hosts: all
    tasks:
      - name: kernel
        run: uname -r
        read_only: true
      - parallel:
          - { name: uptime, read: /proc/uptime }
          - { name: load, read: /proc/loadavg }
          - { name: logs, glob: "/var/log/*.log" }
      - name: pick
        set: { picked: "{{ tasks.kernel.stdout }}-x" }
  - name: patch
    hosts: web
    become: root
    tasks:
      - name: drain
        on: db1
        run: [haproxyctl, disable, "web/{{ host.name }}"]
      - name: upgrade
        run: apt-get -y install nginx={{ release }}
        unless: nginx -v 2>&1 | grep -qF {{ release }}
        env: { DEBIAN_FRONTEND: noninteractive }
      - name: config
        copy: { content: "port {{ http_port }}\n", dest: /etc/app.conf, mode: "0644" }
        needs: [upgrade]
        timeout: 30s
      - name: mark
        run: echo {{ picked }}
        needs: []
      - name: only canaries
        run: [curl, "{{ url }}"]
        when: host.name in groups.canary
  - name: report
    needs: [survey]
    after: always
    hosts: localhost
    tasks:
      - name: kernels
        print: |
          {% for h in groups.web %}
          {{ h }} {{ rounds.survey.hosts[h].tasks.kernel.stdout | default("unknown") }}
          {% endfor %}
"#
    ));
}
