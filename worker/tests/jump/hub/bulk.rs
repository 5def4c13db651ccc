//! More than all buffers on the way.

use super::*;

const MEGA: u64 = 1024 * 1024;

/// More than all buffers on the way, of which the jump host's and the kernel's are the largest.
const BULK: u64 = 50 * MEGA;

/// The byte at `position` of a stream that repeats itself late.
fn pattern(position: u64) -> u8 {
    (position.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8
}

/// Waits until `count` stays where it is.
fn settled(count: &AtomicU64) -> u64 {
    let mut last = u64::MAX;
    loop {
        let now = count.load(Ordering::SeqCst);
        if now == last {
            return now;
        }
        last = now;
        thread::sleep(Duration::from_millis(700));
    }
}

#[test]
fn what_is_not_read_is_not_taken_and_all_of_it_comes_home() {
    let (host, worker) = (JumpHost::start(), Worker::with(2));
    let sent = Arc::new(AtomicU64::new(0));
    let port = target({
        let sent = Arc::clone(&sent);
        move |mut connection| {
            let mut at = 0;
            while at < BULK {
                let chunk: Vec<u8> = (at..(at + 16 * 1024).min(BULK)).map(pattern).collect();
                connection.write_all(&chunk).expect("sends");
                at += chunk.len() as u64;
                sent.store(at, Ordering::SeqCst);
            }
        }
    });
    let link = worker.reach(0, &[host.jump()], port, AMPLE).expect("reached");
    eventually("it began", || sent.load(Ordering::SeqCst) > 0);
    let held = settled(&sent);
    assert!(held < BULK / 2, "{held} bytes went out to a session that reads nothing");
    // Meanwhile its neighbour is not held up.
    echoes(&worker.reach(1, &[host.jump()], target(echo), AMPLE).expect("reached"), "neighbour");
    assert_eq!(host.saw.connections(), 1);
    let (mut at, mut chunk) = (0, [0; 8 * 1024]);
    loop {
        match read(&link, &mut chunk).expect("reads") {
            0 => break,
            n => {
                assert!((at..).zip(&chunk[..n]).all(|(at, byte)| pattern(at) == *byte), "near {at}");
                at += n as u64;
            }
        }
    }
    assert_eq!(at, BULK);
}

#[test]
fn what_the_target_does_not_read_is_not_taken_from_the_session() {
    let (host, worker) = (JumpHost::start(), Worker::with(1));
    let go = Arc::new(Barrier::new(2));
    let wrong = Arc::new(AtomicU64::new(0));
    let port = target({
        let (go, wrong) = (Arc::clone(&go), Arc::clone(&wrong));
        move |mut connection| {
            go.wait();
            let (mut at, mut chunk) = (0, [0; 8 * 1024]);
            while at < BULK {
                let n = std::io::Read::read(&mut connection, &mut chunk).expect("reads");
                let as_sent = (at..).zip(&chunk[..n]).filter(|(at, byte)| pattern(*at) == **byte).count();
                wrong.fetch_add((n - as_sent) as u64, Ordering::SeqCst);
                at += n as u64;
            }
            connection.write_all(b"done").expect("answers");
        }
    });
    let link = worker.reach(0, &[host.jump()], port, AMPLE).expect("reached");
    let written = AtomicU64::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut at = 0;
            while at < BULK {
                let chunk: Vec<u8> = (at..(at + 16 * 1024).min(BULK)).map(pattern).collect();
                write_all(&link, &chunk).expect("writes");
                at += chunk.len() as u64;
                written.store(at, Ordering::SeqCst);
            }
        });
        eventually("it began", || written.load(Ordering::SeqCst) > 0);
        let held = settled(&written);
        assert!(held < BULK / 2, "{held} bytes were taken for a target that reads nothing");
        go.wait();
    });
    assert_eq!(read_exactly(&link, 4), b"done");
    assert_eq!(wrong.load(Ordering::SeqCst), 0, "bytes came changed");
}

#[test]
fn many_busy_sessions_keep_their_bytes_apart() {
    busy(&JumpHost::start(), 40, 2 * MEGA);
}

#[test]
fn keys_are_exchanged_anew_in_the_midst_of_it() {
    let host = JumpHost::that_exchanges_keys_every(MEGA as usize);
    busy(&host, 2, BULK);
}

/// Sessions that send and receive without a pause, `each` so many bytes.
fn busy(host: &JumpHost, sessions: u64, each: u64) {
    let worker = Worker::with(sessions as usize);
    let (port, jump) = (target(echo), host.jump());
    thread::scope(|scope| {
        for number in 0..sessions {
            let (worker, jump) = (&worker, jump.clone());
            scope.spawn(move || {
                let link = worker.reach(number as usize, &[jump], port, AMPLE).expect("reached");
                let byte = |at: u64| pattern(at.wrapping_mul(sessions).wrapping_add(number));
                let (mut out, mut back, mut chunk) = (0, 0, [0; 8 * 1024]);
                while back < each {
                    let bytes: Vec<u8> = (out..(out + 4096).min(each)).map(byte).collect();
                    if let Ok(Some(n)) = link.try_write(&bytes) {
                        out += n as u64;
                    }
                    match link.try_read(&mut chunk).expect("reads") {
                        Some(0) => panic!("the end after {back} bytes"),
                        Some(n) => {
                            assert!((back..).zip(&chunk[..n]).all(|(at, got)| byte(at) == *got));
                            back += n as u64;
                        }
                        None => {
                            let both = if out < each { Interest::Both } else { Interest::Read };
                            link.wait(both).expect("ready");
                        }
                    }
                }
            });
        }
    });
}
