//! A WebSocket as a client holds it.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest},
};

/// A client's end.
pub(crate) struct Line(pub(crate) WebSocketStream<TcpStream>);

pub(crate) async fn connect_as(port: u16, headers: &[(&str, &str)]) -> Result<Line, String> {
    let mut request = format!("ws://127.0.0.1:{port}/graphql").into_client_request().unwrap();
    for (name, value) in headers {
        let name: axum::http::HeaderName = name.parse().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let connected = tokio_tungstenite::client_async(request, stream).await;
    connected.map(|(line, _)| Line(line)).map_err(|error| error.to_string())
}

pub(crate) async fn connect(port: u16) -> Line {
    connect_as(port, &[("sec-websocket-protocol", "graphql-transport-ws")]).await.unwrap()
}

impl Line {
    pub(crate) async fn say(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    /// The next message; or the code and reason of the end.
    pub(crate) async fn hear(&mut self) -> Result<Value, (u16, String)> {
        loop {
            let message =
                tokio::time::timeout(Duration::from_secs(20), self.0.next()).await.expect("something is said");
            match message {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(Some(frame)))) => return Err((frame.code.into(), frame.reason.to_string())),
                Some(Ok(Message::Close(None))) | None => return Err((1005, String::new())),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err((1006, error.to_string())),
            }
        }
    }

    pub(crate) async fn said(&mut self) -> Value {
        self.hear().await.expect("a message")
    }

    pub(crate) async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Err(end) = self.hear().await {
                return end;
            }
        }
    }

    pub(crate) async fn greeted(mut self, payload: Value) -> Self {
        self.say(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(self.said().await, json!({ "type": "connection_ack" }));
        self
    }

    pub(crate) async fn subscribe(&mut self, id: &str, query: &str) {
        self.say(json!({ "id": id, "type": "subscribe", "payload": { "query": query } })).await;
    }
}
