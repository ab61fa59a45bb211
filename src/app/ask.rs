//! Who answers what a run asks: `--yes`, the user at the terminal, or nobody.
//!
//! The terminal is the one that the process was started on: standard input to read the answer, standard error (else
//! standard output) for the question. Whoever draws a live block there has heard of the question before, and keeps off.

use std::io::{IsTerminal as _, Write};
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tokio::sync::mpsc;

use crate::exec::{Answer, Question};
use crate::text::visible;

/// How often a question looks whether its answer is still wanted.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
/// An answer is no longer than this.
const MOST_BYTES: usize = 4096;
/// Said of a question that nobody can be asked.
const NOBODY: &str = "no terminal to ask on";
const USER: &str = "user";

/// Who answers the questions of a run.
#[derive(Debug, Default)]
pub enum Confirm {
    /// The user at the process's terminal; without one the answer is no.
    #[default]
    Ask,
    /// Always yes (`--yes`).
    Yes,
    /// Whoever receives them.
    By(mpsc::Sender<Question>),
}

impl Confirm {
    /// Makes the end that a run sends its questions to; must be called within a tokio runtime.
    pub(super) fn start(self) -> mpsc::Sender<Question> {
        let (sender, questions) = mpsc::channel(8);
        match self {
            Confirm::By(sender) => return sender,
            Confirm::Yes => answer_each(questions, |_, _| Some(Answer::Yes { by: "--yes".to_owned() })),
            Confirm::Ask => answer_each(questions, ask_terminal),
        }
        sender
    }
}

/// Answers questions one after the other on a thread of their own, which ends with the run.
fn answer_each(
    mut questions: mpsc::Receiver<Question>,
    mut answer: impl FnMut(&str, &dyn Fn() -> bool) -> Option<Answer> + Send + 'static,
) {
    tokio::task::spawn_blocking(move || {
        while let Some(Question { text, answer: to }) = questions.blocking_recv() {
            if let Some(answer) = answer(&text, &|| to.is_closed()) {
                // The run may have gone on without it.
                let _ = to.send(answer);
            }
        }
    });
}

/// Asks the user at the terminal for yes or no, now; none where nobody can be asked.
#[must_use]
pub fn ask_now(text: &str) -> Option<bool> {
    match ask_terminal(text, &|| false)? {
        Answer::Yes { .. } => Some(true),
        Answer::No { by } => (by == USER).then_some(false),
    }
}

fn ask_terminal(text: &str, unwanted: &dyn Fn() -> bool) -> Option<Answer> {
    let input = std::io::stdin();
    let nobody = || Some(Answer::No { by: NOBODY.to_owned() });
    if !input.is_terminal() || is_background(&input) {
        return nobody();
    }
    if std::io::stderr().is_terminal() {
        converse(&input, &mut std::io::stderr(), text, unwanted)
    } else if std::io::stdout().is_terminal() {
        converse(&input, &mut std::io::stdout(), text, unwanted)
    } else {
        nobody()
    }
}

/// Says whether the terminal belongs to another job of the shell: reading would stop the whole process.
fn is_background(terminal: impl AsFd) -> bool {
    rustix::termios::tcgetpgrp(terminal).is_ok_and(|group| group != rustix::process::getpgrp())
}

/// Asks until the answer is yes or no; none where it is no longer wanted.
fn converse(input: impl AsFd, output: &mut dyn Write, text: &str, unwanted: &dyn Fn() -> bool) -> Option<Answer> {
    // What was typed before the question stood there is no answer to it. Only a terminal has such a queue.
    let _ = rustix::termios::tcflush(&input, rustix::termios::QueueSelector::IFlush);
    let question: Vec<String> = text.lines().map(visible).collect();
    let mut prompt = format!("{} [y/N] ", question.join("\n"));
    loop {
        // A terminal that takes no question gives no answer either, which is told below.
        let _ = output.write_all(prompt.as_bytes()).and_then(|()| output.flush());
        let line = match read_line(&input, unwanted) {
            Line::Typed(line) => line,
            Line::Unwanted => return None,
            Line::End => {
                // The cursor still stands behind the question.
                let _ = output.write_all(b"\n");
                return Some(Answer::No { by: USER.to_owned() });
            }
            Line::Gone => return Some(Answer::No { by: "the terminal is gone".to_owned() }),
        };
        match line.trim().to_lowercase().as_str() {
            "y" | "yes" => return Some(Answer::Yes { by: USER.to_owned() }),
            "" | "n" | "no" => return Some(Answer::No { by: USER.to_owned() }),
            _ => prompt = "y or n? [y/N] ".to_owned(),
        }
    }
}

/// What came of waiting for a line.
enum Line {
    Typed(String),
    /// Ctrl-D.
    End,
    Gone,
    Unwanted,
}

fn read_line(input: &impl AsFd, unwanted: &dyn Fn() -> bool) -> Line {
    let mut line = Vec::new();
    loop {
        if unwanted() {
            return Line::Unwanted;
        }
        let mut waiting = [PollFd::new(input, PollFlags::IN)];
        match poll(&mut waiting, Some(&LOOK)) {
            Ok(0) | Err(Errno::INTR) => continue,
            Ok(_) => {}
            Err(_) => return Line::Gone,
        }
        let mut piece = [0; 256];
        match rustix::io::read(input, &mut piece) {
            Ok(0) => return Line::End,
            Ok(length) => line.extend_from_slice(&piece[..length]),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(_) => return Line::Gone,
        }
        if line.contains(&b'\n') || line.len() > MOST_BYTES {
            return Line::Typed(String::from_utf8_lossy(&line).into_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use rustix::pty::OpenptFlags;

    use super::*;

    /// A terminal: the end of the person, and that of the program.
    fn terminal() -> (OwnedFd, OwnedFd) {
        let person = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        rustix::pty::grantpt(&person).unwrap();
        rustix::pty::unlockpt(&person).unwrap();
        let name = rustix::pty::ptsname(&person, Vec::new()).unwrap();
        let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY;
        (person, rustix::fs::open(name, flags, rustix::fs::Mode::empty()).unwrap())
    }

    #[derive(Clone, Default)]
    struct Said(Arc<Mutex<Vec<u8>>>);

    impl Said {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }

        fn wait_for(&self, what: &str, times: usize) {
            for _ in 0..500 {
                if self.text().matches(what).count() >= times {
                    return;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            panic!("`{what}` was not said {times} times: {}", self.text());
        }
    }

    impl Write for Said {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// Asks on a terminal, types each of these when a prompt stands there, and gives the answer and all that was said.
    fn asked(question: &str, typed: &[&[u8]]) -> (Option<Answer>, String) {
        let (person, program) = terminal();
        let said = Said::default();
        rustix::io::write(&person, b"y\n").unwrap();
        let answer = std::thread::scope(|scope| {
            let mut output = said.clone();
            let asking = scope.spawn(move || converse(&program, &mut output, question, &|| false));
            for (index, keys) in typed.iter().enumerate() {
                said.wait_for("[y/N] ", index + 1);
                rustix::io::write(&person, keys).unwrap();
            }
            asking.join().unwrap()
        });
        (answer, said.text())
    }

    fn yes() -> Option<Answer> {
        Some(Answer::Yes { by: "user".to_owned() })
    }

    fn no() -> Option<Answer> {
        Some(Answer::No { by: "user".to_owned() })
    }

    #[test]
    fn yes_has_to_be_said() {
        assert_eq!(asked("Go on?", &[b"y\n"]), (yes(), "Go on? [y/N] ".to_owned()));
        assert_eq!(asked("Go on?", &[b" YES \n"]).0, yes());
        assert_eq!(asked("Go on?", &[b"n\n"]).0, no());
        assert_eq!(asked("Go on?", &[b"\n"]).0, no(), "what was typed before the question is no answer");
        assert_eq!(asked("Go on?", &[b"\x04"]), (no(), "Go on? [y/N] \n".to_owned()), "Ctrl-D");
    }

    #[test]
    fn what_is_neither_is_asked_again() {
        assert_eq!(asked("Go on?", &[b"yep\n", b"y\n"]), (yes(), "Go on? [y/N] y or n? [y/N] ".to_owned()));
    }

    #[test]
    fn a_question_is_made_harmless() {
        assert_eq!(asked("one\ntwo\u{1b}[2J", &[b"n\n"]).1, "one\ntwo\\x1b[2J [y/N] ");
    }

    #[test]
    fn an_answer_that_is_no_longer_wanted_is_not_waited_for() {
        let (_person, program) = terminal();
        let unwanted = AtomicBool::new(false);
        let said = Said::default();
        let mut output = said.clone();
        std::thread::scope(|scope| {
            let asking = scope.spawn(|| converse(&program, &mut output, "Go on?", &|| unwanted.load(Ordering::SeqCst)));
            said.wait_for("[y/N] ", 1);
            unwanted.store(true, Ordering::SeqCst);
            assert_eq!(asking.join().unwrap(), None);
        });
    }

    #[test]
    fn a_terminal_that_hangs_up_says_no() {
        let (person, program) = terminal();
        let said = Said::default();
        let mut output = said.clone();
        let answer = std::thread::scope(|scope| {
            let asking = scope.spawn(|| converse(&program, &mut output, "Go on?", &|| false));
            said.wait_for("[y/N] ", 1);
            drop(person);
            asking.join().unwrap()
        });
        let Some(Answer::No { .. }) = answer else { panic!("{answer:?}") };
    }

    #[tokio::test]
    async fn the_option_answers_and_an_own_receiver_may() {
        let ask = async |to: &mpsc::Sender<Question>| {
            let (answer, answered) = tokio::sync::oneshot::channel();
            to.send(Question { text: "Go on?".to_owned(), answer }).await.unwrap();
            answered.await.unwrap()
        };
        let to = Confirm::Yes.start();
        assert_eq!(ask(&to).await, Answer::Yes { by: "--yes".to_owned() });
        assert_eq!(ask(&to).await, Answer::Yes { by: "--yes".to_owned() }, "each question");
        let (sender, mut questions) = mpsc::channel(1);
        let to = Confirm::By(sender).start();
        tokio::spawn(async move {
            let question = questions.recv().await.unwrap();
            question.answer.send(Answer::No { by: question.text }).unwrap();
        });
        assert_eq!(ask(&to).await, Answer::No { by: "Go on?".to_owned() });
    }
}
