//! What comes out of each verb that writes, and what can't be told before values are in.

use super::*;
use crate::model::{Context, Verb};
use crate::plan::prepare::tests::{file, with_values};
use crate::plan::prepared::{Prepared, command_line};
use crate::plan::testing::Maker;
use crate::template::RenderError;

fn edited(maker: &mut Maker, place: PlaceInFile) -> EditedFile {
    EditedFile { file: file(maker, "/etc/hosts", Some("0644")), create: true, absent: false, place }
}

/// Prepares and previews a verb.
fn both(make: impl FnOnce(&mut Maker) -> Verb) -> (Result<Prepared>, Result<Prepared>) {
    with_values("t", |maker| {
        let verb = make(maker);
        maker.task("Task two", verb)
    })
}

fn declared(make: impl FnOnce(&mut Maker) -> Verb) -> (Declared, String) {
    let (prepared, previewed) = both(make);
    let prepared = prepared.unwrap();
    assert_eq!(command_line(&prepared), command_line(&previewed.unwrap()));
    let shown = command_line(&prepared);
    let Body::Declared(declared) = prepared.body else { panic!("{:?}", prepared.body) };
    (declared, shown)
}

fn refused(make: impl FnOnce(&mut Maker) -> Verb) -> (String, Option<String>) {
    match both(make) {
        (Err(RenderError::Failed { message, span: Some(_), hint }), Err(RenderError::Failed { message: again, .. })) => {
            assert_eq!(message, again, "a preview refuses it as well");
            (message, hint)
        }
        other => panic!("{other:?}"),
    }
}

fn template(maker: &mut Maker, text: &str) -> Verb {
    let text = maker.template(text, Context::Text);
    Verb::Template(Box::new(TemplateFile { src: "/play/a.j2".into(), text, file: file(maker, "/etc/a", Some("0644")) }))
}

#[test]
fn a_template_gives_a_file_with_its_text() {
    let text = "{% for word in l %}\n{{ word }}\n{% endfor %}\nflag {{ n == 7 }} {{ none }}.\n";
    let (prepared, _) = both(|maker| template(maker, text));
    let prepared = prepared.unwrap();
    assert_eq!(command_line(&prepared), "template /play/a.j2 to /etc/a, mode 0644");
    let Body::Copy { from: CopySource::Template { src, text }, file } = prepared.body else { panic!() };
    assert_eq!((src.to_str(), &*text), (Some("/play/a.j2"), "a b\nc\nflag true .\n"), "tags leave no lines behind");
    assert_eq!((&*file.dest, file.rights.mode), ("/etc/a", Some(0o644)));
}

#[test]
fn a_template_that_waits_shows_that_it_waits() {
    let waits = vec!["r/kernel".to_owned()];
    for (text, shown) in [
        ("kernel {{ tasks.kernel.stdout }}\nof {{ host.name }}\n", "kernel ‹after r/kernel›\nof h1\n"),
        ("{% if tasks.kernel.rc == 0 %}\nx\n{% endif %}\nend\n", "‹after r/kernel›end\n"),
        ("{{ tasks.kernel.json.a.b }}", "‹after r/kernel›"),
    ] {
        let (prepared, previewed) = both(|maker| template(maker, text));
        assert_eq!(prepared, Err(RenderError::Pending(waits.clone())), "{text}");
        let previewed = previewed.unwrap();
        assert_eq!(command_line(&previewed), "template /play/a.j2 to /etc/a, mode 0644");
        assert_eq!(previewed.pending, waits);
        let Body::Copy { from, .. } = &previewed.body else { panic!() };
        assert_eq!(from.text(), Some(shown));
    }
}

#[test]
fn paths_are_made_or_removed() {
    fn path(maker: &mut Maker, wanted: WantedState) -> Box<PathState> {
        Box::new(PathState { dest: maker.template("/srv/{{ n }}", Context::Text), wanted })
    }
    fn rights(maker: &mut Maker) -> FileRights {
        FileRights { owner: Some(maker.template("app", Context::Native)), ..FileRights::default() }
    }
    let is = |made: (Declared, String), wanted: WantedPath, line: &str| {
        assert_eq!(made, (Declared::Path(PathPlan { dest: "/srv/7".to_owned(), wanted }), line.to_owned()));
    };
    let owned = Rights { owner: Some("app".to_owned()), ..Rights::default() };
    let file = declared(|maker| {
        let wanted = WantedState::File(rights(maker));
        Verb::File(path(maker, wanted))
    });
    is(file, WantedPath::File(owned.clone()), "file /srv/7, owner app");
    let directory = declared(|maker| {
        let wanted = WantedState::Directory(rights(maker));
        Verb::Directory(path(maker, wanted))
    });
    is(directory, WantedPath::Directory(owned), "directory /srv/7, owner app");
    let link = declared(|maker| {
        let wanted = WantedState::Link { src: maker.template("releases/{{ x }}", Context::Text), force: true };
        Verb::Link(path(maker, wanted))
    });
    is(link, WantedPath::Link { target: "releases/it's".to_owned(), force: true }, r"link /srv/7 to 'releases/it'\''s'");
    let gone = declared(|maker| Verb::File(path(maker, WantedState::Absent { force: true })));
    is(gone, WantedPath::Absent { force: true }, "remove /srv/7 with all that is in it");
}

#[test]
fn a_line_has_its_pattern_and_its_place() {
    let line = |maker: &mut Maker, absent: bool| {
        let after = maker.template("^# {{ n }}", Context::Text);
        let edited = EditedFile { absent, ..edited(maker, PlaceInFile::After(after)) };
        let line = (!absent).then(|| maker.template("port {{ n }}", Context::Text));
        Verb::Line(Box::new(LineInFile { edited, line, matching: Some(maker.template("^port ", Context::Text)) }))
    };
    let (found, shown) = declared(|maker| line(maker, false));
    let Declared::Line(LineFile { file, create, edit }) = found else { panic!() };
    assert_eq!((&*file.dest, file.rights.mode, create), ("/etc/hosts", Some(0o644), true));
    let place = EditPlace::After(Pattern::new("^# 7").unwrap());
    let matching = Some(Pattern::new("^port ").unwrap());
    assert_eq!(edit, LineEdit { line: "port 7".to_owned(), matching: matching.clone(), place: place.clone(), absent: false });
    assert_eq!(edit.edit("# 7\nport 1\nport 2\n"), "# 7\nport 1\nport 7\n");
    assert_eq!(shown, "line in /etc/hosts, mode 0644");
    let (found, shown) = declared(|maker| line(maker, true));
    let Declared::Line(LineFile { edit, .. }) = found else { panic!() };
    assert_eq!(edit, LineEdit { line: String::new(), matching, place, absent: true });
    assert_eq!(shown, "no line in /etc/hosts, mode 0644");
}

fn text_in(maker: &mut Maker, text: Option<&str>, name: Option<&str>, comment: Option<&str>) -> Verb {
    let mut template = |text: &str| maker.template(text, Context::Text);
    let (inside, name, comment) = (text.map(&mut template), name.map(&mut template), comment.map(&mut template));
    let edited = EditedFile { absent: text.is_none(), ..edited(maker, PlaceInFile::Begin) };
    Verb::Text(Box::new(TextInFile { edited, text: inside, name, comment }))
}

#[test]
fn marks_are_named_after_the_task_or_by_name() {
    let marks = |text: Option<&str>, name: Option<&str>, comment: Option<&str>| {
        let (Declared::Text(found), _) = declared(|maker| text_in(maker, text, name, comment)) else { panic!() };
        assert_eq!(found.edit.place, EditPlace::Begin);
        (found.edit.begin, found.edit.end, found.edit.text)
    };
    let wanted = |begin: &str, end: &str, text: Option<&str>| (begin.to_owned(), end.to_owned(), text.map(str::to_owned));
    assert_eq!(marks(Some("a {{ n }}\n"), None, None), wanted("# begin task_two (roundsman)", "# end task_two (roundsman)", Some("a 7\n")));
    assert_eq!(marks(Some(""), Some("b {{ n }}"), Some(";")), wanted("; begin b 7 (roundsman)", "; end b 7 (roundsman)", Some("")));
    assert_eq!(marks(None, Some("b"), None), wanted("# begin b (roundsman)", "# end b (roundsman)", None));
    let (prepared, _) = with_values("t", |maker| {
        let verb = text_in(maker, Some("x"), None, None);
        Task { id: None, ..maker.task("?", verb) }
    });
    let Body::Declared(Declared::Text(found)) = prepared.unwrap().body else { panic!() };
    assert_eq!(found.edit.begin, "# begin roundsman (roundsman)");
}

#[test]
fn a_text_that_holds_its_own_mark_is_refused() {
    let (message, hint) = refused(|maker| text_in(maker, Some("a\n# end b (roundsman)\n"), Some("b"), None));
    assert_eq!((&*message, hint.is_some()), ("the text holds its own mark", true));
    assert_eq!(refused(|maker| text_in(maker, Some("a"), Some("b\nc"), None)).0, "a name can't hold a line break");
    assert_eq!(refused(|maker| text_in(maker, Some("a"), None, Some("#\n"))).0, "a comment sign can't hold a line break");
}

#[test]
fn lines_and_patterns_that_only_values_show_to_be_wrong_are_refused() {
    let line = |maker: &mut Maker, line: &str, matching: Option<&str>| {
        let edited = edited(maker, PlaceInFile::End);
        let (line, matching) = (maker.template(line, Context::Text), matching.map(|text| maker.template(text, Context::Text)));
        Verb::Line(Box::new(LineInFile { edited, line: Some(line), matching }))
    };
    let (message, hint) = refused(|maker| line(maker, "{{ l | join('\n') }}", None));
    assert_eq!((&*message, hint.as_deref()), ("a line can't hold a line break", Some("put several lines in by `text`")));
    assert!(refused(|maker| line(maker, "{{ n }}\n", None)).1.unwrap().contains("|-"));
    let (message, _) = refused(|maker| line(maker, "x", Some("({{ n }}")));
    assert_eq!(message, "this is no regular expression: unclosed group");
    // What a pattern will be is not known yet: nothing is wrong with it.
    let (prepared, previewed) = both(|maker| line(maker, "x", Some("({{ tasks.kernel.stdout }}")));
    assert!(matches!(prepared, Err(RenderError::Pending(_))));
    assert_eq!(command_line(&previewed.unwrap()), "line in /etc/hosts, mode 0644");
}

#[test]
fn a_validation_keeps_its_mark_and_takes_none_from_a_value() {
    let copy = |maker: &mut Maker, text: &str| {
        let from = CopyFrom::Content(maker.template("x", Context::Text));
        let validate = Some(maker.template(text, Context::Shell));
        Verb::Copy(Box::new(CopyFile { from, file: WrittenFile { validate, ..file(maker, "/x", None) } }))
    };
    let (prepared, _) = both(|maker| copy(maker, "check {{ x }} %s && check {{ n }} %s"));
    let Body::Copy { file, .. } = prepared.unwrap().body else { panic!() };
    assert_eq!(file.validate.as_deref(), Some(r"check 'it'\''s' %s && check 7 %s"));
    let (prepared, _) = both(|maker| copy(maker, "{% for word in l %}check {{ word }} %s\n{% endfor %}"));
    assert!(prepared.is_ok(), "{prepared:?}");
    let (message, _) = refused(|maker| copy(maker, "check {{ 'a%sb' }} %s"));
    assert_eq!(message, "a value holds `%s`, which stands for the path of the new file");
    let (message, _) = refused(|maker| copy(maker, "{% if n == 1 %}check %s{% else %}true{% endif %}"));
    assert_eq!(message, "this holds no `%s`, which stands for the path of the new file");
    let (_, previewed) = both(|maker| copy(maker, "{{ tasks.kernel.stdout }} %s"));
    assert_eq!(command_line(&previewed.unwrap()), "copy 1 byte to /x, validated by ‹after r/kernel› %s");
}
