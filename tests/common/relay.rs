//! Distance on loopback: a TCP relay that hands every chunk on after a fixed time.
//!
//! Each direction has a reader that notes when a chunk came and a writer that lets it go that much later, so chunks
//! travel side by side and bandwidth is not limited. It also counts turns, the way a network sees a conversation: how
//! often the client spoke after it had heard something. Knows nothing of what is said.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

/// A running relay; it ends, with its connections, when dropped.
pub(crate) struct Relay {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    stop: AtomicBool,
    turns: AtomicUsize,
    bytes: AtomicUsize,
    connections: AtomicUsize,
    streams: Mutex<Vec<TcpStream>>,
    /// Whether chunks wait: those to the server, those to the client.
    stalled: [AtomicBool; 2],
    /// Whether the next chunk loses its meaning on the way.
    corrupt: [AtomicBool; 2],
    /// A chunk takes up to so many milliseconds longer.
    jitter: AtomicUsize,
}

/// A direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum To {
    /// From clients to the server.
    Server,
    /// Back.
    Client,
}

impl Relay {
    /// Starts a relay to `target`. With an unspecified target address (0.0.0.0) a connection to 127.0.1.7 is passed on
    /// to 127.0.1.7, so one relay serves all hosts of a lab.
    pub(crate) fn start(target: SocketAddr, one_way: Duration) -> Relay {
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a port for the relay");
        let port = listener.local_addr().expect("the relay's address").port();
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            turns: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            streams: Mutex::new(Vec::new()),
            stalled: [AtomicBool::new(false), AtomicBool::new(false)],
            corrupt: [AtomicBool::new(false), AtomicBool::new(false)],
            jitter: AtomicUsize::new(0),
        });
        let for_thread = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                if for_thread.stop.load(Ordering::SeqCst) {
                    break;
                }
                if let Ok(client) = client {
                    connect(&client, target, one_way, &for_thread);
                }
            }
        });
        Relay { port, shared }
    }

    /// Starts a relay to every host of a lab.
    pub(crate) fn to_lab(lab: &super::lab::Lab, one_way: Duration) -> Relay {
        Relay::start(SocketAddr::from((Ipv4Addr::UNSPECIFIED, lab.port())), one_way)
    }

    /// The relay's port, on every loopback address.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// How often clients spoke after they had heard something, over all connections so far.
    pub(crate) fn turns(&self) -> usize {
        self.shared.turns.load(Ordering::SeqCst)
    }

    /// How many bytes clients have sent, over all connections so far.
    pub(crate) fn bytes(&self) -> usize {
        self.shared.bytes.load(Ordering::SeqCst)
    }

    /// How many connections came so far.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Stops handing on what goes there, or does so again; connections stay, also new ones.
    pub(crate) fn stall(&self, to: To, stalled: bool) {
        self.shared.stalled[to as usize].store(stalled, Ordering::SeqCst);
    }

    /// Changes a byte of the next chunk that goes there.
    pub(crate) fn corrupt(&self, to: To) {
        self.shared.corrupt[to as usize].store(true, Ordering::SeqCst);
    }

    /// Lets every chunk take up to so much longer, each another time; they stay in order.
    pub(crate) fn jitter(&self, most: Duration) {
        self.shared.jitter.store(usize::try_from(most.as_millis()).expect("a short time"), Ordering::SeqCst);
    }

    /// Cuts every connection; new ones are taken as before.
    pub(crate) fn cut(&self) {
        for stream in self.shared.streams.lock().expect("no thread of the relay panics").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        // The listener wakes up for one more connection.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        self.cut();
    }
}

fn connect(client: &TcpStream, target: SocketAddr, one_way: Duration, shared: &Arc<Shared>) {
    let (Ok(own), Ok(peer)) = (client.local_addr(), client.peer_addr()) else { return };
    if !peer.ip().is_loopback() {
        return;
    }
    let ip = if target.ip().is_unspecified() { own.ip() } else { target.ip() };
    let ip = if ip.is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { ip };
    let Ok(server) = TcpStream::connect((ip, target.port())) else { return };
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    shared.connections.fetch_add(1, Ordering::SeqCst);
    let heard = Arc::new(AtomicBool::new(false));
    let clone = |stream: &TcpStream| stream.try_clone().expect("a second handle of a socket");
    shared.streams.lock().expect("no thread of the relay panics").extend([clone(client), clone(&server)]);
    let (to_server, to_client) = ((clone(client), clone(&server)), (server, clone(client)));
    let (said, heard_by_client) = (Arc::clone(&heard), heard);
    let (trouble, shared) = (shared, Arc::clone(shared));
    carry(
        to_server,
        (To::Server, trouble),
        one_way,
        move |length| {
            shared.bytes.fetch_add(length, Ordering::SeqCst);
            if said.swap(false, Ordering::SeqCst) {
                shared.turns.fetch_add(1, Ordering::SeqCst);
            }
        },
        || {},
    );
    carry(to_client, (To::Client, trouble), one_way, |_| {}, move || heard_by_client.store(true, Ordering::SeqCst));
}

/// A number that is another each time.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Carries one direction on two threads; `came` is called with the length of each chunk as it arrives, `went` before it is delivered.
fn carry(
    (mut from, mut to): (TcpStream, TcpStream),
    (direction, shared): (To, &Arc<Shared>),
    one_way: Duration,
    came: impl Fn(usize) + Send + 'static,
    went: impl Fn() + Send + 'static,
) {
    let (sender, receiver) = mpsc::channel::<(Instant, Vec<u8>)>();
    std::thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = from.read(&mut buffer).unwrap_or(0);
            if count > 0 {
                came(count);
            }
            // An empty chunk is the end, and it too takes its time.
            if sender.send((Instant::now() + one_way, buffer[..count].to_vec())).is_err() || count == 0 {
                break;
            }
        }
    });
    let (shared, way) = (Arc::clone(shared), direction as usize);
    std::thread::spawn(move || {
        for (due, mut chunk) in receiver {
            let most = u64::try_from(shared.jitter.load(Ordering::SeqCst)).expect("a short time");
            let extra = if most == 0 { 0 } else { random() % most };
            std::thread::sleep(due.saturating_duration_since(Instant::now()) + Duration::from_millis(extra));
            while shared.stalled[way].load(Ordering::SeqCst) && !shared.stop.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(10));
            }
            if !chunk.is_empty() && shared.corrupt[way].swap(false, Ordering::SeqCst) {
                let last = chunk.len() - 1;
                chunk[last] ^= 0x55;
            }
            if chunk.is_empty() {
                let _ = to.shutdown(Shutdown::Write);
                break;
            }
            went();
            if to.write_all(&chunk).is_err() {
                break;
            }
        }
    });
}
