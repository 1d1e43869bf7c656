//! A real browser, driven over its DevTools protocol.
//!
//! Just what the tests of pages need; the browser is the Debian package `chromium-headless-shell`.

#![expect(clippy::unwrap_used, reason = "a test whose browser fails ends with what failed")]

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
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
/// Nothing that is waited for takes longer on a busy machine, unless it says so.
const SHOWN_WITHIN: Duration = Duration::from_secs(20);

/// A page in a browser of its own. Ends with it.
pub struct Page {
    socket: WebSocketStream<TcpStream>,
    session: String,
    last: u64,
    /// Exceptions in the page and breaches of its policy.
    pub complaints: Vec<String>,
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
    /// A page that shows `url`.
    pub async fn open(url: &str) -> Self {
        let mut page = Self::blank().await;
        page.call("Page.navigate", json!({"url": url})).await;
        page
    }

    /// The same with scripts switched off.
    pub async fn open_without_scripts(url: &str) -> Self {
        let mut page = Self::blank().await;
        page.call("Emulation.setScriptExecutionDisabled", json!({"value": true})).await;
        page.call("Page.navigate", json!({"url": url})).await;
        page
    }

    async fn blank() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut browser = Command::new(program())
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--no-first-run",
                "--disable-dev-shm-usage",
                "--remote-debugging-port=0",
            ])
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
        page
    }

    /// Leads the page to `url` and waits until it is loaded.
    pub async fn visit(&mut self, url: &str) {
        let went = self.call("Page.navigate", json!({"url": url})).await;
        assert!(went["errorText"].is_null(), "{url}: {}", went["errorText"]);
        self.until("loaded", "document.readyState === 'complete'").await;
    }

    /// The result of a method of the protocol.
    ///
    /// # Panics
    /// The browser refuses it or does not answer.
    pub async fn call(&mut self, method: &str, params: Value) -> Value {
        let mut answer = self.ask(method, params).await;
        assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
        answer["result"].take()
    }

    async fn ask(&mut self, method: &str, params: Value) -> Value {
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
                let answer: Value = serde_json::from_str(&text).unwrap();
                if answer["id"] == id {
                    return answer;
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

    /// The value of an expression, promises awaited. Works where scripts are switched off, too.
    pub async fn eval(&mut self, expression: &str) -> Value {
        self.tried(expression).await.unwrap_or_else(|why| panic!("{expression}: {why}"))
    }

    async fn tried(&mut self, expression: &str) -> Result<Value, Value> {
        let params = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let mut answer = self.ask("Runtime.evaluate", params).await;
        let why = [&answer["error"], &answer["result"]["exceptionDetails"]].into_iter().find(|why| !why.is_null());
        why.cloned().map_or_else(|| Ok(answer["result"]["result"]["value"].take()), Err)
    }

    /// Waits until an expression is true.
    pub async fn until(&mut self, what: &str, expression: &str) {
        self.until_within(SHOWN_WITHIN, what, expression).await;
    }

    /// Waits until an expression is true, for at most `within`. While one page gives way to the next it is not.
    pub async fn until_within(&mut self, within: Duration, what: &str, expression: &str) {
        let mut last = Ok(Value::Null);
        let held = timeout(within, async {
            while last != Ok(json!(true)) {
                last = self.tried(expression).await;
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
        })
        .await;
        if held.is_err() {
            panic!("not within {within:?}: {what}; {last:?}\n{}\n{:?}", self.text().await, self.complaints);
        }
    }

    /// Presses and releases the mouse on what `selector` finds.
    pub async fn click(&mut self, selector: &str) {
        let middle = format!(
            "(() => {{ const node = document.querySelector({}); node.scrollIntoView({{block: 'center'}}); \
             const box = node.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; }})()",
            json!(selector)
        );
        let at = self.eval(&middle).await;
        for kind in ["mousePressed", "mouseReleased"] {
            let press = json!({"type": kind, "x": at[0], "y": at[1], "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", press).await;
        }
    }

    /// Types into the field that `selector` finds, in place of what is there.
    pub async fn fill(&mut self, selector: &str, text: &str) {
        self.eval(&format!("(() => {{ const field = document.querySelector({}); field.focus(); field.select(); }})()", json!(selector)))
            .await;
        self.call("Input.insertText", json!({"text": text})).await;
    }

    /// How wide the window is, in CSS pixels, and whether its owner likes it dark.
    pub async fn look(&mut self, width: u32, dark: bool) {
        let metrics = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", metrics).await;
        let scheme = json!({"name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" }});
        self.call("Emulation.setEmulatedMedia", json!({"features": [scheme]})).await;
    }

    /// A picture of the whole page, as PNG.
    pub async fn picture(&mut self) -> Vec<u8> {
        let size = self.call("Page.getLayoutMetrics", json!({})).await["cssContentSize"].take();
        let clip = json!({"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1});
        let taken = self.call("Page.captureScreenshot", json!({"captureBeyondViewport": true, "clip": clip})).await;
        STANDARD.decode(taken["data"].as_str().unwrap()).unwrap()
    }

    /// All text on the page.
    pub async fn text(&mut self) -> String {
        self.eval("document.body.innerText").await.as_str().unwrap_or_default().to_owned()
    }

    /// Types into what has the focus, and presses Enter.
    pub async fn type_line(&mut self, text: &str) {
        self.call("Input.insertText", json!({"text": text})).await;
        for kind in ["keyDown", "keyUp"] {
            let key = json!({"type": kind, "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"});
            self.call("Input.dispatchKeyEvent", key).await;
        }
    }
}
