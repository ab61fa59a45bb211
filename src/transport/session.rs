//! One connection to a host.
//!
//! Gives lanes and bulk channels, at most `max_sessions` lanes at once. Must not know what runs in them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncSeek, AsyncSeekExt as _, AsyncWrite};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use super::bulk::{self, BulkEnd, Bytes};
use super::channel::{Channel, Slot};
use super::fake::FakeSession;
use super::journal::LaneNames;
use super::lane;
use super::lane_api::{BecomeUser, Lane, Refusal, RefusalClass, Target};
use super::process;
use super::random;
use super::room::Place;
use super::ssh::Master;
use super::user::{self, Change};

/// How long a further lane waits for room, and how often it looks.
const PATIENCE: Duration = Duration::from_millis(500);
const LOOK: Duration = Duration::from_millis(50);
/// How many channels are asked for where each is closed before anything ran on it.
const CHANNELS: u32 = 5;

/// A connection to a host; clones are the same connection.
#[derive(Debug, Clone)]
pub struct Session {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    backend: Backend,
    slots: Arc<Semaphore>,
    most: usize,
    /// Its place in the run's room, which its first lane shares.
    place: Option<Place>,
    /// The `sh` of boots; tests put others in its place.
    shell: String,
    /// What its lanes are called on the host, in a run.
    names: Option<LaneNames>,
    /// How many lanes it has had.
    lanes: AtomicU32,
    opened: Instant,
}

/// What carries a session's channels.
#[derive(Debug)]
pub(super) enum Backend {
    /// A child process: this program with these arguments, then `sh -c BOOT`; without any, `sh` itself.
    Process(Vec<String>),
    /// An ssh master.
    Ssh(Arc<Master>),
    /// The script of a fake.
    Fake(FakeSession),
}

/// How many channels in a row were closed before anything ran on them. dropbear (2022.83) closes one for which it has no command yet when another's
/// ends just then.
#[derive(Debug, Default)]
struct Silent(u32);

impl Session {
    pub(super) fn new(backend: Backend, target: &Target, place: Option<Place>, run: Option<&str>) -> Session {
        Session::with_shell(backend, target, place, "/bin/sh", run)
    }

    pub(super) fn with_shell(backend: Backend, target: &Target, place: Option<Place>, shell: &str, run: Option<&str>) -> Session {
        let most = target.connect.max_sessions.max(1);
        // Without a name of its own its lanes keep no journal.
        let names = run.and_then(|run| Some(LaneNames::of_run(run, &target.name).of_session(&random::hex(4).ok()?)));
        let (slots, shell) = (Arc::new(Semaphore::new(most)), shell.to_owned());
        let inner = Inner { backend, slots, most, place, shell, names, lanes: AtomicU32::new(0), opened: Instant::now() };
        Session { inner: Arc::new(inner) }
    }

    /// The names of this session's lanes on the host, by which a later session finds them; none where they keep no journal.
    #[must_use]
    pub fn lane_names(&self) -> Option<&LaneNames> {
        self.inner.names.as_ref()
    }

    /// How long ago it was opened.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.inner.opened.elapsed()
    }

    /// Opens a lane, as the login user or another; waits while `max_sessions` are open.
    ///
    /// Returns when its channel is open, under `become` after the authentication. Then
    /// [`LaneReport::Ready`](super::LaneReport::Ready) or `Closed` comes as its first report; requests need not wait for it.
    ///
    /// # Errors
    /// When no channel is given, or the other user is refused.
    pub async fn open_lane(&self, become_user: Option<&BecomeUser>) -> Result<Lane, Refusal> {
        let slot = Arc::clone(&self.inner.slots).acquire_owned().await.map_err(|_| lane_refusal("the session is closed"))?;
        let slot = Slot { _slot: slot, _place: self.place().await? };
        if let Backend::Fake(fake) = &self.inner.backend {
            return fake.open_lane(become_user, slot).await;
        }
        let number = self.inner.lanes.fetch_add(1, Ordering::Relaxed);
        let name = self.inner.names.as_ref().map(|names| names.lane(number));
        let boot = |opening: &str| lane::boot(&self.inner.shell, opening, name.as_ref());
        let mut channel = self.boot_channel(become_user, boot).await?;
        channel.slot = Some(slot);
        let token = random::hex(16).map_err(|error| lane_refusal(&format!("no random bytes: {error}")))?;
        Ok(lane::start(channel, token, name.as_ref(), self.uploader(become_user), self.reason()))
    }

    /// Finds room for a lane that was given its slot; none where it shares the session's.
    async fn place(&self) -> Result<Option<Place>, Refusal> {
        let Some(own) = &self.inner.place else { return Ok(None) };
        let since = Instant::now();
        loop {
            if self.inner.slots.available_permits() + 1 >= self.inner.most {
                return Ok(None);
            }
            if let Some(place) = own.more() {
                return Ok(Some(place));
            }
            if since.elapsed() > PATIENCE {
                let message = "the limits of open files and processes leave no room for a further lane".to_owned();
                return Err(Refusal { class: RefusalClass::Full, message });
            }
            // The lane before it may be on its way out.
            sleep(LOOK).await;
        }
    }

    /// Runs `script` by `sh` on a channel of its own with exactly `bytes` on its standard input.
    ///
    /// Once `given_up` ends, the script is ended with all that it started, and what it says of its end is what it did: TERM, then KILL. Where it
    /// has not been sent all of its bytes, its end is not waited for, and they never come. Dropping the future gives it up unheard.
    ///
    /// When the link is lost the script may see the end of its input too early: one that installs what it got must first check
    /// its length, as in `head -c 42 >t && test $(wc -c <t) -eq 42 && mv t f`. The channel does not count against `max_sessions`;
    /// with `max_sessions: 1` close the lane first.
    ///
    /// # Errors
    /// When no channel is given, the other user is refused, or the link is lost before the script's end. Where `bytes` fails to be
    /// read, the script is left without the rest and the class is [`RefusalClass::Local`].
    pub async fn upload(
        &self,
        become_user: Option<&BecomeUser>,
        script: &str,
        mut bytes: Bytes<impl AsyncRead + AsyncSeek + Send + Unpin>,
        given_up: impl Future<Output = ()> + Send,
    ) -> Result<BulkEnd, Refusal> {
        if let Backend::Fake(fake) = &self.inner.backend {
            return fake.upload(script, bytes.from.take(bytes.size), given_up).await;
        }
        // A future that has ended is not to be asked again.
        let over = AtomicBool::new(false);
        let mut given_up = std::pin::pin!(async {
            given_up.await;
            over.store(true, Ordering::Relaxed);
        });
        let mut silent = Silent::default();
        loop {
            let channel = tokio::select! {
                channel = self.boot_channel(become_user, bulk::boot) => channel?,
                () = &mut given_up => return Ok(BulkEnd::given_up()),
            };
            let part = Bytes { from: &mut bytes.from, size: bytes.size };
            if let Some(end) = self.explain(bulk::upload(channel, script, part, given_up.as_mut()).await).await? {
                return Ok(end);
            }
            if over.load(Ordering::Relaxed) {
                return Ok(BulkEnd::given_up());
            }
            self.another(&mut silent).await?;
            let rewound = bytes.from.rewind().await;
            rewound.map_err(|error| Refusal { class: RefusalClass::Local, message: format!("cannot read what is to be sent: {error}") })?;
        }
    }

    /// Runs `script` by `sh` on a channel of its own with an empty standard input and streams its standard output to `sink`.
    ///
    /// # Errors
    /// As [`Session::upload`]; a `sink` that fails has the class [`RefusalClass::Local`].
    pub async fn download(
        &self,
        become_user: Option<&BecomeUser>,
        script: &str,
        sink: &mut (impl AsyncWrite + Send + Unpin),
    ) -> Result<BulkEnd, Refusal> {
        if let Backend::Fake(fake) = &self.inner.backend {
            return fake.download(script, sink).await;
        }
        let mut silent = Silent::default();
        loop {
            let channel = self.boot_channel(become_user, bulk::boot).await?;
            if let Some(end) = self.explain(bulk::download(channel, script, sink).await).await? {
                return Ok(end);
            }
            self.another(&mut silent).await?;
        }
    }

    /// Waits until the connection is lost; says why in OpenSSH's words. Never ends for local ones, or after
    /// [`Session::close`]; the future does not keep the session open.
    pub fn lost(&self) -> impl Future<Output = String> + Send + 'static {
        let lost: Pin<Box<dyn Future<Output = String> + Send>> = match &self.inner.backend {
            Backend::Process(_) => Box::pin(std::future::pending()),
            Backend::Ssh(master) => Box::pin(master.lost()),
            Backend::Fake(fake) => {
                let fake = fake.clone();
                Box::pin(async move { fake.lost().await })
            }
        };
        lost
    }

    /// Ends the connection and, for ssh, its master; lanes that are still open are lost.
    pub async fn close(self) {
        self.inner.slots.close();
        match &self.inner.backend {
            Backend::Process(_) => {}
            Backend::Ssh(master) => master.close().await,
            Backend::Fake(fake) => fake.close(),
        }
    }

    /// Opens a channel and starts a boot in it, as the user wanted; `write` gets what the boot must do first.
    async fn boot_channel(&self, become_user: Option<&BecomeUser>, write: impl Fn(&str) -> String) -> Result<Channel, Refusal> {
        match become_user {
            None => self.channel(&[], None, &write("")).await,
            Some(user) => {
                let mut silent = Silent::default();
                loop {
                    let change = Change::new(user)?;
                    let channel = self.channel(&change.argv(), change.behind_shell(), &write(&change.opening())).await?;
                    match user::authenticate(channel, &change).await {
                        Ok(Some(channel)) => return Ok(channel),
                        Ok(None) => self.another(&mut silent).await?,
                        // A program that the link was taken from has not refused anything.
                        Err(refusal) => return Err(self.lost_refusal().await.unwrap_or(refusal)),
                    }
                }
            }
        }
    }

    /// Allows another channel in place of one that was closed before anything ran on it, while there is the connection and it helps.
    async fn another(&self, silent: &mut Silent) -> Result<(), Refusal> {
        if let Some(refusal) = self.lost_refusal().await {
            return Err(refusal);
        }
        silent.0 += 1;
        if silent.0 >= CHANNELS {
            let message = "each channel is closed at once, without a word or an exit code".to_owned();
            return Err(Refusal { class: RefusalClass::Full, message });
        }
        sleep(LOOK).await;
        Ok(())
    }

    /// Starts `PREFIX sh BETWEEN -c BOOT` on a new channel.
    async fn channel(&self, prefix: &[String], between: Option<&str>, boot: &str) -> Result<Channel, Refusal> {
        match &self.inner.backend {
            Backend::Process(argv) => {
                let shell = self.inner.shell.split(' ').map(str::to_owned);
                let words = argv.iter().cloned().chain(prefix.iter().cloned()).chain(shell).chain(between.map(str::to_owned));
                let argv: Vec<String> = words.chain(["-c".to_owned(), boot.to_owned()]).collect();
                process::spawn(&argv)
            }
            Backend::Ssh(master) => {
                let prefix: String = prefix.iter().map(|word| format!("{} ", login_word(word))).collect();
                let between: String = between.iter().map(|word| format!(" {}", login_word(word))).collect();
                master.channel(&format!("exec {prefix}{}{between} -c '{boot}'", self.inner.shell)).await
            }
            Backend::Fake(_) => Err(lane_refusal("a fake has no channels")),
        }
    }

    fn uploader(&self, become_user: Option<&BecomeUser>) -> lane::Uploader {
        let session = self.clone();
        let become_user = become_user.cloned();
        Box::new(move |bytes| {
            let (session, become_user) = (session.clone(), become_user.clone());
            Box::pin(async move {
                let script = "umask 077; f=$(mktemp) && cat >\"$f\" && printf %s \"$f\"";
                let channel = session.boot_channel(become_user.as_ref(), bulk::boot).await.ok()?;
                let end = bulk::upload(channel, script, Bytes::of(&bytes), std::future::pending()).await.ok()??;
                let path = String::from_utf8(end.stdout).ok()?;
                (end.code == 0 && path.starts_with('/')).then_some(path)
            })
        })
    }

    fn reason(&self) -> lane::Reason {
        let session = self.clone();
        Box::new(move || Box::pin(async move { session.lost_reason().await }))
    }

    async fn lost_reason(&self) -> Option<String> {
        match &self.inner.backend {
            Backend::Ssh(master) => master.reason().await,
            Backend::Process(_) | Backend::Fake(_) => None,
        }
    }

    async fn lost_refusal(&self) -> Option<Refusal> {
        let message = self.lost_reason().await?;
        Some(Refusal { class: RefusalClass::Network, message })
    }

    /// Puts the session's own words in place of "the link was lost".
    async fn explain(&self, end: Result<Option<BulkEnd>, Refusal>) -> Result<Option<BulkEnd>, Refusal> {
        match end {
            Err(refusal) if refusal.class == RefusalClass::Network => Err(self.lost_refusal().await.unwrap_or(refusal)),
            end => end,
        }
    }
}

/// Writes a word for a login shell of any kind; it has no `'`, `!`, `\` or newline.
fn login_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{word}'") }
}

fn lane_refusal(message: &str) -> Refusal {
    Refusal { class: RefusalClass::Lane, message: message.to_owned() }
}
