//! A real browser, driven over its DevTools protocol.
//!
//! Just what the page's tests need; the browser is the Debian package `chromium-headless-shell`.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

const START_WITHIN: Duration = Duration::from_secs(30);
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// A page in a browser of its own. Ends with it.
pub(crate) struct Page {
    socket: WebSocketStream<TcpStream>,
    session: String,
    last: u64,
    /// Exceptions in the page and breaches of its policy.
    pub(crate) complaints: Vec<String>,
    _browser: Child,
    _profile: TempDir,
}

/// The browser itself, not the script in front of it: ending the script would leave the browser running.
fn program() -> PathBuf {
    let known =
        ["/usr/lib/chromium/chromium-headless-shell", "/usr/lib/chromium-browser/chromium-headless-shell", "/usr/lib/chromium/chromium"];
    known
        .iter()
        .map(Path::new)
        .find(|path| path.exists())
        .expect("this test needs a browser: apt-get install chromium-headless-shell (scripts/test does)")
        .to_owned()
}

impl Page {
    pub(crate) async fn open(url: &str) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut browser = Command::new(program())
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage", "--remote-debugging-port=0"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the browser starts");
        let mut lines = BufReader::new(browser.stderr.take().unwrap()).lines();
        let debugger = timeout(START_WITHIN, async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if let Some(url) = line.strip_prefix("DevTools listening on ") {
                    return url.to_owned();
                }
            }
            panic!("the browser ended without listening");
        })
        .await
        .expect("the browser did not come up");
        // Read on, or the browser blocks on a full pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let host = debugger.strip_prefix("ws://").unwrap().split('/').next().unwrap();
        let stream = TcpStream::connect(host).await.unwrap();
        let config = WebSocketConfig::default().max_message_size(Some(32 << 20)).max_frame_size(Some(32 << 20));
        let (socket, _) = tokio_tungstenite::client_async_with_config(&debugger, stream, Some(config)).await.unwrap();
        let mut page = Self { socket, session: String::new(), last: 0, complaints: Vec::new(), _browser: browser, _profile: profile };
        let target = page.call("Target.createTarget", json!({"url": "about:blank"})).await;
        let attached = page.call("Target.attachToTarget", json!({"targetId": target["targetId"], "flatten": true})).await;
        page.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            page.call(domain, json!({})).await;
        }
        page.call("Page.navigate", json!({"url": url})).await;
        page
    }

    pub(crate) async fn call(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let id = self.last;
        let mut request = json!({"id": id, "method": method, "params": params});
        if !self.session.is_empty() {
            request["sessionId"] = json!(self.session);
        }
        self.socket.send(Message::text(request.to_string())).await.unwrap();
        timeout(ANSWER_WITHIN, async {
            loop {
                let Message::Text(text) = self.socket.next().await.expect("the browser is gone").unwrap() else { continue };
                let mut answer: Value = serde_json::from_str(&text).unwrap();
                if answer["id"] == id {
                    assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                    return answer["result"].take();
                }
                self.note(&answer);
            }
        })
        .await
        .unwrap_or_else(|_| panic!("the browser did not answer {method}"))
    }

    fn note(&mut self, event: &Value) {
        let entry = &event["params"]["entry"];
        let breach = entry["source"] == "security" || entry["text"].as_str().is_some_and(|text| text.contains("Content Security Policy"));
        if event["method"] == "Runtime.exceptionThrown" || (event["method"] == "Log.entryAdded" && breach) {
            self.complaints.push(event["params"].to_string());
        }
    }

    /// The value of an expression, promises awaited.
    pub(crate) async fn eval(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let mut answer = self.call("Runtime.evaluate", params).await;
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].take()
    }

    /// Waits until an expression is true.
    pub(crate) async fn until(&mut self, what: &str, expression: &str) {
        let held = timeout(super::DEADLINE, async {
            while self.eval(expression).await != json!(true) {
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
        })
        .await;
        if held.is_err() {
            panic!("not in time: {what}\n{}\n{:?}", self.text().await, self.complaints);
        }
    }

    /// All text on the page.
    pub(crate) async fn text(&mut self) -> String {
        self.eval("document.body.innerText").await.as_str().unwrap_or_default().to_owned()
    }

    /// Types into what has the focus, and presses Enter.
    pub(crate) async fn type_line(&mut self, text: &str) {
        self.call("Input.insertText", json!({"text": text})).await;
        for kind in ["keyDown", "keyUp"] {
            let key = json!({"type": kind, "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"});
            self.call("Input.dispatchKeyEvent", key).await;
        }
    }
}
