//! Small HTTP/1.1 clients and servers over [`crate::net`], with one connection for each request (hyper underneath).

use std::{convert::Infallible, fmt::Display, future::Future, io, sync::Arc};

use bytes::Bytes;
use futures_core::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method,
    body::Incoming,
    header::{HeaderMap, HeaderName, HeaderValue},
    service::service_fn,
};
use hyper_util::rt::TokioIo;

use crate::{
    net::{TcpListener, TcpStream},
    task,
};

/// The request of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The path, without the query.
    pub path: String,
    /// The body.
    pub body: Vec<u8>,
}

/// The response of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code, such as 200.
    pub status: u16,
    /// The headers with their names in lower case, such as `retry-after`. The server adds those of the connection.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// A response with this status and body.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// Adds a header. If HTTP does not allow it, the server answers 500 and names it, as axum does.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.into()));
        self
    }

    /// The value of the first header with this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Whether the status is one of 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Posts a body to a path and waits for the response. `label` names the boundaries, as in [`TcpStream::connect`].
///
/// # Errors
///
/// Returns the error of the socket, or an error if the response is malformed. An error after the bytes were sent does
/// not show whether they arrived.
pub async fn post(
    label: &str,
    address: &str,
    path: &str,
    body: impl Into<Vec<u8>>,
) -> io::Result<Response> {
    post_bytes(label, address, path, Bytes::from(body.into())).await
}

/// Boxed, so that hyper's client is compiled once and not by each crate that posts.
fn post_bytes<'a>(
    label: &'a str,
    address: &'a str,
    path: &'a str,
    body: Bytes,
) -> BoxFuture<'a, io::Result<Response>> {
    Box::pin(async move {
        let stream = TcpStream::connect(label, address).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        task::spawn(connection);
        let request = hyper::Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("host", address)
            .body(Full::new(body))
            .map_err(broken)?;
        let response = sender.send_request(request).await.map_err(broken)?;
        let status = response.status().as_u16();
        let header = |(name, value): (&HeaderName, &HeaderValue)| {
            Some((name.to_string(), value.to_str().ok()?.to_owned()))
        };
        let headers = response.headers().iter().filter_map(header).collect();
        let body = response.into_body().collect().await.map_err(broken)?.to_bytes();
        Ok(Response { status, headers, body: body.into() })
    })
}

fn broken(error: impl Display) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, error.to_string())
}

/// Answers every request with `handler` until the listener fails. If a client disconnects, its handler still runs to
/// the end.
///
/// # Errors
///
/// Returns the listener's error.
pub async fn serve<F>(
    listener: TcpListener,
    handler: impl Fn(Request) -> F + Send + Sync + 'static,
) -> io::Result<()>
where
    F: Future<Output = Response> + Send + 'static,
{
    serve_with(listener, true, erased(handler)).await
}

/// Like [`serve`], but drops the handler as soon as its client closes the connection, as servers do that tie their work
/// to the request.
///
/// # Errors
///
/// Returns the listener's error.
pub async fn serve_cancel_on_disconnect<F>(
    listener: TcpListener,
    handler: impl Fn(Request) -> F + Send + Sync + 'static,
) -> io::Result<()>
where
    F: Future<Output = Response> + Send + 'static,
{
    serve_with(listener, false, erased(handler)).await
}

type Handler = Arc<dyn Fn(Request) -> BoxFuture<'static, Response> + Send + Sync>;

/// A handler without its type, so that hyper's server is compiled once and not for each handler.
fn erased<F>(handler: impl Fn(Request) -> F + Send + Sync + 'static) -> Handler
where
    F: Future<Output = Response> + Send + 'static,
{
    Arc::new(move |request| Box::pin(handler(request)))
}

/// Boxed, so that hyper's server is compiled once and not by each crate that serves.
fn serve_with(
    listener: TcpListener,
    half_close: bool,
    handler: Handler,
) -> BoxFuture<'static, io::Result<()>> {
    Box::pin(async move {
        loop {
            let stream = listener.accept().await?;
            let handler = handler.clone();
            task::spawn(async move {
                let service = service_fn(move |request: hyper::Request<Incoming>| {
                    let handler = handler.clone();
                    async move { Ok::<_, Infallible>(answer(&handler, request).await) }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .half_close(half_close)
                    .auto_date_header(false)
                    .serve_connection(TokioIo::new(stream), service);
                // A client's error on its own connection does not end the server.
                let _ = connection.await;
            });
        }
    })
}

async fn answer(
    handler: &Handler,
    request: hyper::Request<Incoming>,
) -> hyper::Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    let mut answer = match request.into_body().collect().await {
        Ok(body) => handler(Request { path, body: body.to_bytes().into() }).await,
        Err(error) => Response::new(400, error.to_string()),
    };
    let headers = match headers(&answer) {
        Ok(headers) => headers,
        Err(wrong) => {
            answer = Response::new(500, format!("the response has an invalid header: {wrong:?}"));
            HeaderMap::new()
        }
    };
    let mut response = hyper::Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = hyper::StatusCode::from_u16(answer.status)
        .unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = headers;
    response
}

/// The headers of a response, or the name of one that HTTP does not allow.
fn headers(answer: &Response) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in &answer.headers {
        match (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            (Ok(name), Ok(value)) => drop(headers.append(name, value)),
            _ => return Err(name.clone()),
        }
    }
    Ok(headers)
}
