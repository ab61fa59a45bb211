//! What comes out of each verb, and what can't be told before values are in.

use std::path::PathBuf;

use super::*;
use crate::model::{Context, FileRights, Template, Verb};
use crate::plan::prepare::tests::{file, with_values};
use crate::plan::prepared::{Prepared, command_line};
use crate::plan::testing::Maker;
use crate::template::RenderError;

/// Prepares and previews a verb.
fn both(make: impl FnOnce(&mut Maker) -> Verb) -> (Result<Prepared>, Result<Prepared>) {
    with_values("t", |maker| {
        let verb = make(maker);
        maker.task("t", verb)
    })
}

fn shown(make: impl FnOnce(&mut Maker) -> Verb) -> (Body, String) {
    let (prepared, previewed) = both(make);
    let prepared = prepared.unwrap();
    assert_eq!(command_line(&prepared), command_line(&previewed.unwrap()));
    let line = command_line(&prepared);
    (prepared.body, line)
}

fn refused(make: impl FnOnce(&mut Maker) -> Verb) -> (String, String) {
    match both(make) {
        (Err(RenderError::Failed { message, span: Some(_), hint }), Err(RenderError::Failed { message: again, .. })) => {
            assert_eq!(message, again, "a preview refuses it as well");
            (message, hint.unwrap_or_default())
        }
        other => panic!("{other:?}"),
    }
}

fn download(maker: &mut Maker, sha256: Option<&str>) -> Verb {
    let url = maker.template("http://a/{{ x }}", Context::Text);
    let sha256 = sha256.map(|text| maker.template(text, Context::Text));
    let file = crate::model::WrittenFile { backup: true, ..file(maker, "/srv/{{ n }}", Some("0644")) };
    Verb::Download(Box::new(Download { url, sha256, force: false, file }))
}

fn archive(maker: &mut Maker, src: &[&str], dest: &str) -> Verb {
    let src: Vec<Template> = src.iter().map(|text| maker.template(text, Context::Native)).collect();
    Verb::Archive(Box::new(Archive { src, file: file(maker, dest, None) }))
}

fn unarchive(maker: &mut Maker, remote: bool) -> Verb {
    let path = maker.template("app-{{ n }}.tgz", Context::Text);
    let src = if remote { ArchiveSource::Remote(path) } else { ArchiveSource::Local { path, base: "/play".into() } };
    let rights = FileRights { owner: Some(maker.template("app", Context::Native)), ..FileRights::default() };
    Verb::Unarchive(Box::new(Unarchive { src, dest: maker.template("/srv/{{ x }}", Context::Text), strip: 1, rights }))
}

#[test]
fn a_download_has_its_url_and_its_digest() {
    let digest = "A".repeat(64);
    let (body, line) = shown(|maker| download(maker, Some(&format!("{{{{ '{digest}' }}}}"))));
    let Body::Declared(Declared::Download(plan)) = body else { panic!() };
    assert_eq!((&*plan.url, plan.sha256.as_deref(), &*plan.file.dest), ("http://a/it's", Some(&*digest), "/srv/7"));
    assert_eq!(line, r"download /srv/7 from 'http://a/it'\''s', mode 0644, with a backup");
    let (message, hint) = refused(|maker| download(maker, Some("sha256:{{ n }}")));
    assert_eq!((&*message, &*hint), ("`sha256` must be 64 hex digits", "write the digits alone, without the name of the digest"));
    assert_eq!(refused(|maker| download(maker, Some(&"g{{ n }}".repeat(32)))).1, "as `sha256sum` prints them");
    // What it will be is not known yet: nothing is wrong with it.
    let (prepared, previewed) = both(|maker| download(maker, Some("{{ tasks.kernel.stdout }}")));
    assert!(matches!(prepared, Err(RenderError::Pending(_))) && previewed.is_ok());
}

#[test]
fn an_archive_is_of_the_format_that_its_name_tells() {
    let (body, line) = shown(|maker| archive(maker, &["/srv/{{ n }}", "{{ ['/srv/a', '/srv/b'] }}"], "/b/{{ n }}.tar.xz"));
    let Body::Declared(Declared::Archive(plan)) = body else { panic!() };
    assert_eq!(plan.src, ["/srv/7", "/srv/a", "/srv/b"]);
    assert_eq!(plan.format, ArchiveFormat::TarXz);
    assert_eq!(line, "archive /b/7.tar.xz of /srv/7, /srv/a, /srv/b");
    let (message, hint) = refused(|maker| archive(maker, &["/srv"], "/b/{{ n }}.zip"));
    assert_eq!(message, "the name `/b/7.zip` tells no format of archives");
    assert!(hint.starts_with("let it end in one of `.tar`, `.tar.gz`, `.tgz`"), "{hint}");
    assert!(refused(|maker| archive(maker, &["/srv/../{{ n }}"], "/b.tar")).0.contains("leads back by `..`"));
    assert!(refused(|maker| archive(maker, &["/srv", "{{ x }}"], "/b.tar")).0.contains("or none"));
    assert_eq!(refused(|maker| archive(maker, &["{{ [] }}"], "/b.tar")).0, "this gives no path to pack");
    for (src, dest) in [("/srv/{{ n }}", "/b/{{ tasks.kernel.stdout }}"), ("{{ tasks.kernel.stdout }}", "/b.tar")] {
        let (prepared, previewed) = both(|maker| archive(maker, &["/srv/{{ n }}", src], dest));
        assert!(matches!(prepared, Err(RenderError::Pending(_))));
        assert!(command_line(&previewed.unwrap()).contains("‹after r/kernel›"));
    }
}

#[test]
fn an_archive_of_this_machine_is_sent_and_one_of_the_host_is_not() {
    let (body, line) = shown(|maker| unarchive(maker, false));
    let Body::Unpack { src, plan } = body else { panic!() };
    assert_eq!((src, &*plan.src, &*plan.dest, plan.strip), (PathBuf::from("/play/app-7.tgz"), "app-7.tgz", "/srv/it's", 1));
    assert_eq!(plan.rights.owner.as_deref(), Some("app"));
    assert_eq!(line, r"unarchive /play/app-7.tgz into '/srv/it'\''s', without 1 leading part, owner app");
    let (body, line) = shown(|maker| unarchive(maker, true));
    let Body::Declared(Declared::Unarchive(plan)) = body else { panic!() };
    assert_eq!((&*plan.src, plan.strip), ("app-7.tgz", 1));
    assert_eq!(line, r"unarchive the host's app-7.tgz into '/srv/it'\''s', without 1 leading part, owner app");
}
