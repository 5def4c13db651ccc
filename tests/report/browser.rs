//! A browser, told what to do and asked what it shows: headless Chromium, over the pipe of its DevTools
//! protocol (JSON messages that end with a zero byte, on the descriptors 3 and 4).

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use base64ct::{Base64, Encoding};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Debian's.
pub(crate) const CHROMIUM: &str = "/usr/bin/chromium";

/// The descriptors that Chromium takes for its pipe are ours by their other names.
const START: &str = "exec 3<&0 4>&1 </dev/null >/dev/null 2>&1; exec \"$0\" \"$@\"";

/// Neither a sandbox, which root cannot have, nor anything that would ask for a network.
const ARGUMENTS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
    "about:blank",
];

/// How long anything may take; a browser's start on a busy machine takes most.
const PATIENCE: Duration = Duration::from_secs(120);

/// A browser with one page. It ends with this.
pub(crate) struct Browser {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    /// What happened and was not waited for.
    events: VecDeque<Value>,
    calls: u64,
    session: Option<String>,
    _profile: TempDir,
}

impl Browser {
    pub(crate) fn start() -> Self {
        let profile = tempfile::tempdir().expect("a directory");
        let mut child = Command::new("sh")
            .args(["-c", START, CHROMIUM])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args(ARGUMENTS)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("it starts");
        let to = child.stdin.take().expect("a pipe");
        let mut messages = BufReader::new(child.stdout.take().expect("a pipe")).split(0);
        let (sender, from) = channel();
        std::thread::spawn(move || {
            while let Some(Ok(message)) = messages.next() {
                let message = serde_json::from_slice(&message).expect("a message is JSON");
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let mut browser =
            Self { child, to, from, events: VecDeque::new(), calls: 0, session: None, _profile: profile };
        let page = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let target = json!({ "targetId": page["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", target);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser.resize(1280, 900);
        browser
    }

    /// Opens a file and waits until its scripts have run and been drawn.
    pub(crate) fn open(&mut self, path: &Path) {
        self.call("Page.navigate", json!({ "url": format!("file://{}", path.display()) }));
        self.wait_for("Page.loadEventFired");
        self.settle();
    }

    /// What an expression is, or what it promises.
    pub(crate) fn ask(&mut self, expression: &str) -> Value {
        let question = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", question);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Gives the page another size, in CSS pixels.
    pub(crate) fn resize(&mut self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.call("Emulation.setDeviceMetricsOverride", size);
        self.settle();
    }

    /// Shows the page on another medium, to a reader who likes their screen so.
    pub(crate) fn emulate(&mut self, media: &str, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", json!({ "media": media, "features": features }));
        self.settle();
    }

    /// Chooses from the list of a picture.
    pub(crate) fn choose(&mut self, section: usize, picture: &str, value: &str) {
        let chosen = self.ask(&format!(
            "(() => {{ const list = document.querySelector('#section-{section} [data-chart={picture}] select'); \
             list.value = {value:?}; list.dispatchEvent(new Event('change')); return list.value; }})()"
        ));
        assert_eq!(chosen, value, "{picture} of section {section}");
    }

    /// Points at a place of what is seen of the page.
    pub(crate) fn point_at(&mut self, x: f64, y: f64) {
        self.call("Input.dispatchMouseEvent", json!({ "type": "mouseMoved", "x": x, "y": y }));
        self.settle();
    }

    /// The page as a PDF file.
    pub(crate) fn print(&mut self) -> Vec<u8> {
        let printed =
            self.call("Page.printToPDF", json!({ "printBackground": true, "preferCSSPageSize": true }));
        Base64::decode_vec(printed["data"].as_str().expect("a file")).expect("base64")
    }

    /// Since the start nothing was written to the console, no exception was thrown, and nothing was loaded
    /// but files.
    pub(crate) fn is_content(&mut self) {
        self.settle();
        for event in &self.events {
            let complains = matches!(
                event["method"].as_str(),
                Some("Runtime.exceptionThrown" | "Runtime.consoleAPICalled" | "Log.entryAdded")
            );
            assert!(!complains, "{event:#}");
            if event["method"] == "Network.requestWillBeSent" {
                let url = event["params"]["request"]["url"].as_str().unwrap_or_default();
                assert!(url.starts_with("file:"), "{url}");
            }
        }
        assert_eq!(self.ask("document.getElementById('trouble').textContent"), "");
    }

    /// Two frames later whatever was to be drawn anew has been.
    fn settle(&mut self) {
        self.ask(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))",
        );
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        self.calls += 1;
        let mut message = json!({ "id": self.calls, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut message = message.to_string().into_bytes();
        message.push(0);
        self.to.write_all(&message).expect("the browser listens");
        loop {
            let mut answer =
                self.from.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{method}: {error}"));
            if answer["id"] == self.calls {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].take();
            }
            self.events.push_back(answer);
        }
    }

    fn wait_for(&mut self, event: &str) {
        if let Some(at) = self.events.iter().position(|past| past["method"] == event) {
            self.events.remove(at);
            return;
        }
        loop {
            let happened =
                self.from.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{event}: {error}"));
            if happened["method"] == event {
                return;
            }
            self.events.push_back(happened);
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // Its processes may be gone already.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}
