//! A test client for the WebSocket protocol `graphql-transport-ws`. The client connects, sends `connection_init`,
//! subscribes, and returns the server's messages or the close code and reason.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest},
};

/// The client side of a WebSocket connection.
pub(crate) struct WebSocketClient(pub(crate) WebSocketStream<TcpStream>);

pub(crate) async fn connect_as(port: u16, headers: &[(&str, &str)]) -> Result<WebSocketClient, String> {
    let mut request = format!("ws://127.0.0.1:{port}/graphql").into_client_request().unwrap();
    for (name, value) in headers {
        let name: axum::http::HeaderName = name.parse().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let connected = tokio_tungstenite::client_async(request, stream).await;
    connected.map(|(stream, _)| WebSocketClient(stream)).map_err(|error| error.to_string())
}

pub(crate) async fn connect(port: u16) -> WebSocketClient {
    connect_as(port, &[("sec-websocket-protocol", "graphql-transport-ws")]).await.unwrap()
}

impl WebSocketClient {
    pub(crate) async fn send(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    /// Returns the server's next message, or the close code and reason as an error. Panics if no message arrives
    /// within 20 seconds.
    pub(crate) async fn next_message(&mut self) -> Result<Value, (u16, String)> {
        loop {
            let message = tokio::time::timeout(Duration::from_secs(20), self.0.next())
                .await
                .expect("a message within 20 seconds");
            match message {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(Some(frame)))) => return Err((frame.code.into(), frame.reason.to_string())),
                Some(Ok(Message::Close(None))) | None => return Err((1005, String::new())),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err((1006, error.to_string())),
            }
        }
    }

    pub(crate) async fn expect_message(&mut self) -> Value {
        self.next_message().await.expect("a message, not a close")
    }

    pub(crate) async fn wait_for_close(&mut self) -> (u16, String) {
        loop {
            if let Err(close) = self.next_message().await {
                return close;
            }
        }
    }

    pub(crate) async fn with_connection_init(mut self, payload: Value) -> Self {
        self.send(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(self.expect_message().await, json!({ "type": "connection_ack" }));
        self
    }

    pub(crate) async fn subscribe(&mut self, id: &str, query: &str) {
        self.send(json!({ "id": id, "type": "subscribe", "payload": { "query": query } })).await;
    }
}
