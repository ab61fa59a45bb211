//! How a host is reached, out of variables such as `ansible_host` and `ansible_connection`.
//!
//! The variables stay readable as variables. What has no counterpart here is a warning at its place; what only concerns
//! Ansible's own machinery (`ansible_python_interpreter`) is passed over.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::settings::{Setting, Settings};
use super::ssh_args::ssh_args;
use crate::diag::{Diagnostic, Diagnostics};
use crate::model::{ConnectPatch, Host, HostKey, Preset, Program, Transport};
use crate::template::Engine;

/// Gives a host the connection that its variables say; `folder` is the one that it is written in.
pub(super) fn connect(host: &mut Host, folder: Option<&Path>, engine: &Engine, diagnostics: &mut Diagnostics) {
    let Some(patch) = read(host, folder, engine, diagnostics) else { return };
    host.connect.apply(&patch);
}

fn read(host: &Host, folder: Option<&Path>, engine: &Engine, diagnostics: &mut Diagnostics) -> Option<ConnectPatch> {
    let ours = |name: &String| name.starts_with("ansible_");
    if !host.layers.iter().any(|layer| layer.vars.keys().any(ours)) {
        return None;
    }
    let mut settings = Settings::new(host, folder, engine, diagnostics);
    let mut patch = ConnectPatch::default();
    arguments(&mut settings, &mut patch);
    patch.address = no_option(&mut settings, &["ansible_host", "ansible_ssh_host"]).or(patch.address);
    patch.user = no_option(&mut settings, &["ansible_user", "ansible_ssh_user"]).or(patch.user);
    patch.port = port(&mut settings).or(patch.port);
    let path = settings.text(&["ansible_private_key_file", "ansible_ssh_private_key_file"]);
    patch.identity = path.map(|path| PathBuf::from(path.value)).or(patch.identity);
    patch.password = settings.text(&["ansible_password", "ansible_ssh_pass", "ansible_ssh_password"]).map(|text| text.value);
    timing(&mut settings, &mut patch);
    host_keys(&mut settings, &mut patch);
    elevation(&mut settings, &mut patch);
    if let Some(connection) = settings.text(&["ansible_connection"]) {
        patch.transport = transport(&connection, host, &mut patch, &mut settings);
    }
    Some(patch)
}

/// The options of ssh's command line.
fn arguments(settings: &mut Settings<'_>, patch: &mut ConnectPatch) {
    let mut options = Vec::new();
    for name in ["ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args"] {
        let Some(Setting { value, span: Some(span) }) = settings.text(&[name]) else { continue };
        let Some(found) = ssh_args(&value, span) else {
            settings.left_out(Some(span), &format!("`{name}` has a quote without its end"), None);
            continue;
        };
        if !found.unknown.is_empty() {
            let message = format!("`{}` of `{name}` means nothing here", found.unknown.join(" "));
            settings.left_out(Some(span), &message, Some("what ssh's configuration can say stands behind `-o`"));
        }
        if found.unchecked {
            unchecked(settings, Some(span));
        }
        let ConnectPatch { user, port, identity, jump, ssh_config, ssh_options, host_key, connect_timeout, .. } = found.connect;
        options.extend(ssh_options.unwrap_or_default());
        patch.user = user.or(patch.user.take());
        patch.port = port.or(patch.port);
        patch.identity = identity.or(patch.identity.take());
        patch.jump = jump.or(patch.jump.take());
        patch.ssh_config = ssh_config.or(patch.ssh_config.take());
        patch.host_key = host_key.or(patch.host_key);
        patch.connect_timeout = connect_timeout.or(patch.connect_timeout);
    }
    patch.ssh_options = Some(options).filter(|options| !options.is_empty());
}

/// A text that ssh could not take for an option.
fn no_option(settings: &mut Settings<'_>, names: &[&str]) -> Option<String> {
    let text = settings.text(names)?;
    if text.value.starts_with('-') {
        let found = Diagnostic::error("E217", text.span, format!("`{}` can't start with `-`", names[0])).label("ssh would read an option");
        settings.diagnostics.push(found);
        return None;
    }
    Some(text.value)
}

fn port(settings: &mut Settings<'_>) -> Option<u16> {
    let text = settings.text(&["ansible_port", "ansible_ssh_port"])?;
    let port = text.value.trim().parse().ok().filter(|port| *port > 0);
    if port.is_none() {
        let message = format!("{} is no port: they run from 1 to 65535", text.value);
        settings.diagnostics.push(Diagnostic::error("E217", text.span, message));
    }
    port
}

fn timing(settings: &mut Settings<'_>, patch: &mut ConnectPatch) {
    if let Some(seconds) = settings.text(&["ansible_timeout", "ansible_ssh_timeout"])
        && let Some(seconds) = seconds.value.trim().parse().ok().filter(|seconds| *seconds > 0)
    {
        patch.connect_timeout = Some(Duration::from_secs(seconds));
    }
    if let Some(retries) = settings.text(&["ansible_ssh_retries"]) {
        patch.retries = retries.value.trim().parse().ok();
    }
}

fn host_keys(settings: &mut Settings<'_>, patch: &mut ConnectPatch) {
    let checking = settings.is_on(&["ansible_host_key_checking", "ansible_ssh_host_key_checking"]);
    if let Some(checking) = checking.filter(|checking| !checking.value) {
        patch.host_key = Some(HostKey::AcceptNew);
        unchecked(settings, checking.span);
    }
}

fn unchecked(settings: &mut Settings<'_>, span: Option<crate::diag::Span>) {
    let found = Diagnostic::warning("W204", span, "host keys are always verified");
    let found = found.label("unknown keys are added, changed ones refused");
    settings.diagnostics.push(found.hint("`-o StrictHostKeyChecking=accept-new` says just that".to_owned()));
}

/// `ansible_become*`: who a task runs as is the playbook's to say; the password is the host's.
fn elevation(settings: &mut Settings<'_>, patch: &mut ConnectPatch) {
    let password = settings.text(&["ansible_become_pass", "ansible_become_password", "ansible_sudo_pass"]);
    patch.become_password = password.map(|text| text.value);
    let user = settings.text(&["ansible_become_user"]);
    let method = settings.text(&["ansible_become_method"]);
    let on = settings.is_on(&["ansible_become"]).filter(|on| on.value);
    let who = user.as_ref().map_or("root", |user| user.value.as_str());
    let how = method.as_ref().map(|method| method.value.trim_start_matches("ansible.builtin."));
    if on.is_none() && who == "root" && how.is_none_or(|how| how == "sudo") {
        // What is so anyway, and asks for nothing.
        return;
    }
    let hint = match how {
        Some(how) if how != "sudo" => format!("write `become: {{ user: {who}, method: {how} }}` in the playbook"),
        _ => format!("write `become: {who}` in the playbook"),
    };
    let set = [("ansible_become", on.map(|on| on.span)), ("ansible_become_user", user.map(|user| user.span))];
    let set = set.into_iter().chain([("ansible_become_method", method.as_ref().map(|method| method.span))]);
    for (name, span) in set {
        if let Some(span) = span {
            settings.left_out(span, &format!("`{name}` is not taken over: a playbook says who its tasks run as"), Some(&hint));
        }
    }
}

fn transport(connection: &Setting<String>, host: &Host, patch: &mut ConnectPatch, settings: &mut Settings<'_>) -> Option<Transport> {
    let name = connection.value.rsplit('.').next().unwrap_or_default();
    match name {
        "ssh" | "smart" | "paramiko" | "paramiko_ssh" | "libssh" => return Some(Transport::Ssh),
        "local" => return Some(Transport::Local),
        _ => {}
    }
    let transport = container(name, host, patch, settings);
    if transport.is_none() {
        let hint = "any program whose stdin and stdout reach a POSIX shell does: `transport: { command: [..] }` in an inventory of ours";
        settings.left_out(connection.span, &format!("the connection `{}` is not known here", connection.value), Some(hint));
    }
    transport
}

/// The transport of a container, a pod or a folder, for one of Ansible's connection plugins.
fn container(plugin: &str, host: &Host, patch: &mut ConnectPatch, settings: &mut Settings<'_>) -> Option<Transport> {
    let target = patch.address.as_deref().unwrap_or(&host.name);
    let command = |words: &[&str]| Some(Transport::Command(words.iter().map(|word| (*word).to_owned()).collect()));
    let program = match plugin {
        "docker" | "docker_api" => Program::Docker,
        "podman" => Program::Podman,
        "kubectl" => Program::Kubectl,
        "lxd" => Program::Lxc,
        "chroot" => Program::Chroot,
        "oc" => return Some(Transport::Command(oc(&pod("oc", settings), target))),
        "lxc" => return command(&["lxc-attach", "-n", target, "--"]),
        "incus" => return command(&["incus", "exec", target, "--"]),
        _ => return None,
    };
    if program == Program::Kubectl {
        return Some(Transport::Preset(pod("kubectl", settings)));
    }
    if !matches!(program, Program::Docker | Program::Podman) {
        // Ansible's plugin knows no user, ours would change to it.
        patch.user = None;
    }
    Some(Transport::Preset(Preset::new(program)))
}

/// What the variables of `kubectl` and `oc` say.
fn pod(plugin: &str, settings: &mut Settings<'_>) -> Preset {
    let mut text = |name: &str| no_option(settings, &[&format!("ansible_{plugin}_{name}")]);
    let (place, container) = (text("pod"), text("container"));
    let (namespace, context) = (text("namespace"), text("context"));
    Preset { place, container, namespace, context, ..Preset::new(Program::Kubectl) }
}

/// How `oc` is called, which has no transport of its own here and takes what kubectl takes.
fn oc(pod: &Preset, target: &str) -> Vec<String> {
    let words = pod.argv(target, None);
    std::iter::once("oc".to_owned()).chain(words.into_iter().skip(1)).collect()
}
