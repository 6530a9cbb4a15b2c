//! A driver in a thread: it waits for news, tells the engine, and does what the engine wants.
//!
//! Each connection has a thread that dials and then reads, into the buffer that the engine lends. Writing is left to the
//! driver's own thread, so a broker that takes nothing holds up the others: good enough for an example.

use std::collections::BTreeMap;
use std::io::{IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::task::{Wake, Waker};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use samsa_core::{
    BatchBuffer, Command, Config, ConnId, DriverSignal, Engine, Input, Intent, Notices, Now, OpId,
    ReadBuffer, RecvBuf, Reply, UnixMillis,
};

/// What an application's threads hold.
pub(crate) struct Client {
    news: Sender<News>,
    batches: BatchBuffer,
    start: Instant,
    ops: AtomicU64,
}

enum News {
    Happened(Input),
    Command { input: Input, op: OpId, reply: Sender<Reply> },
    Connected { conn: ConnId, stream: TcpStream, buffers: Sender<ReadBuffer> },
    Read { conn: ConnId, buffer: ReadBuffer },
    Ended { conn: ConnId, reason: String },
    Noticed,
}

struct Driver {
    engine: Engine,
    signal: Arc<DriverSignal>,
    start: Instant,
    news: Sender<News>,
    connections: BTreeMap<ConnId, (TcpStream, Sender<ReadBuffer>)>,
    replies: BTreeMap<OpId, Sender<Reply>>,
}

impl Client {
    pub(crate) fn start(config: Config) -> Self {
        let (news, inbox) = mpsc::channel();
        let start = Instant::now();
        let engine = Engine::new(config);
        let batches = engine.batch_buffer();
        let signal = engine.signal();
        signal.register(&Waker::from(Arc::new(Bell(news.clone()))));
        let driver = Driver {
            engine,
            signal,
            start,
            news: news.clone(),
            connections: BTreeMap::new(),
            replies: BTreeMap::new(),
        };
        thread::spawn(move || driver.run(&inbox));
        Self { news, batches, start, ops: AtomicU64::new(0) }
    }

    pub(crate) fn batches(&self) -> &BatchBuffer {
        &self.batches
    }

    pub(crate) fn now(&self) -> Now {
        now(self.start)
    }

    /// Waits for the answer; the engine gives one in time.
    pub(crate) fn call(&self, command: Command, within: Duration) -> Reply {
        let op = OpId(self.ops.fetch_add(1, Ordering::Relaxed));
        let (reply, answer) = mpsc::channel();
        let input = Input::Command { op, command, within };
        self.news.send(News::Command { input, op, reply }).expect("the driver runs");
        answer.recv().expect("each command is answered")
    }
}

impl Driver {
    fn run(mut self, inbox: &Receiver<News>) {
        while !self.engine.is_closed() {
            self.perform();
            self.write();
            self.lend_buffers();
            self.wait(inbox);
        }
        self.perform();
    }

    fn wait(&mut self, inbox: &Receiver<News>) {
        let now = now(self.start).mono;
        let timeout = self.engine.deadline().map_or(Duration::MAX, |deadline| deadline.at.since(now));
        match inbox.recv_timeout(timeout.min(Duration::from_secs(3600))) {
            Ok(news) => self.hear(news),
            Err(RecvTimeoutError::Timeout) => self.tell(Input::Tick),
            Err(RecvTimeoutError::Disconnected) => self.engine.abort(),
        }
        while let Ok(news) = inbox.try_recv() {
            self.hear(news);
        }
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Happened(input) => self.tell(input),
            News::Command { input, op, reply } => {
                self.replies.insert(op, reply);
                self.tell(input);
            }
            News::Connected { conn, stream, buffers } => {
                self.connections.insert(conn, (stream, buffers));
                self.tell(Input::Connected { conn });
            }
            News::Read { conn, buffer } => self.engine.received(now(self.start), conn, buffer),
            News::Ended { conn, reason } => {
                self.connections.remove(&conn);
                self.tell(Input::Disconnected { conn, reason });
            }
            News::Noticed => {
                let notices = self.signal.take();
                if notices.contains(Notices::BATCHES) {
                    self.tell(Input::BatchesReady);
                }
                if notices.contains(Notices::CREDIT) {
                    self.tell(Input::Credit);
                }
            }
        }
    }

    fn tell(&mut self, input: Input) {
        self.engine.handle(now(self.start), input);
    }

    fn perform(&mut self) {
        while let Some(intent) = self.engine.poll_intent() {
            match intent {
                Intent::Resolve { id, address } => {
                    let addresses = (address.host.as_str(), address.port).to_socket_addrs();
                    let addresses = addresses.map(Iterator::collect).map_err(|error| error.to_string());
                    self.tell(Input::Resolved { id, addresses });
                }
                Intent::Connect { conn, address } => {
                    let news = self.news.clone();
                    thread::spawn(move || serve(conn, address, &news));
                }
                Intent::Close { conn } => {
                    if let Some((stream, _)) = self.connections.remove(&conn) {
                        // Ends the thread that reads; one that is closed already has ended.
                        let _closed = stream.shutdown(Shutdown::Both);
                    }
                }
                Intent::Compute { id, job } => {
                    let output = job.run();
                    self.tell(Input::Computed { id, output });
                }
                Intent::Complete { op, reply } => {
                    if let Some(waiting) = self.replies.remove(&op) {
                        // Who no longer waits does not want it.
                        let _gone = waiting.send(reply);
                    }
                }
                Intent::Wake(wakers) => wakers.wake(),
                _ => {}
            }
        }
    }

    fn write(&mut self) {
        let mut parts = Vec::new();
        while let Some(conn) = self.engine.poll_writable() {
            let Some((stream, _)) = self.connections.get_mut(&conn) else { continue };
            loop {
                parts.clear();
                self.engine.transmit(conn, &mut parts);
                let slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
                match stream.write_vectored(&slices) {
                    Ok(written @ 1..) => self.engine.transmitted(now(self.start), conn, written),
                    // All is written, or the thread that reads meets the same end and tells it.
                    Ok(0) | Err(_) => break,
                }
            }
        }
    }

    /// A connection whose buffer is out, or that shall not be read now, lends none.
    fn lend_buffers(&mut self) {
        for (conn, (_, buffers)) in &self.connections {
            if let RecvBuf::Read(buffer) = self.engine.recv_buf(*conn) {
                let _ended = buffers.send(buffer);
            }
        }
    }
}

/// One connection's thread: dials, then reads.
fn serve(conn: ConnId, address: SocketAddr, news: &Sender<News>) {
    let stream = match TcpStream::connect_timeout(&address, Duration::from_secs(10)) {
        Ok(stream) => stream,
        Err(error) => {
            let reason = error.to_string();
            let _ended = news.send(News::Happened(Input::ConnectFailed { conn, reason }));
            return;
        }
    };
    let reason = read(conn, stream, news).map_or_else(|error| error.to_string(), |()| "closed".to_owned());
    let _ended = news.send(News::Ended { conn, reason });
}

fn read(conn: ConnId, mut stream: TcpStream, news: &Sender<News>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (buffers, lent) = mpsc::channel::<ReadBuffer>();
    let _ended = news.send(News::Connected { conn, stream: stream.try_clone()?, buffers });
    while let Ok(mut buffer) = lent.recv() {
        let read = stream.read(buffer.unfilled())?;
        buffer.advance(read);
        if news.send(News::Read { conn, buffer }).is_err() || read == 0 {
            break;
        }
    }
    Ok(())
}

fn now(start: Instant) -> Now {
    let mono = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    Now { mono: samsa_core::Instant::from_micros(mono), wall: UnixMillis(wall as i64) }
}

struct Bell(Sender<News>);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        let _ended = self.0.send(News::Noticed);
    }
}
