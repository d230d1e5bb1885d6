import { createServer } from "node:http";

/**
 * The application: a plain HTTP server, told everything it needs to know by its environment.
 *
 * `GET /` greets, `GET /health` (or wherever HARMONIX_HEALTH_PATH says) answers while the application is healthy.
 */
export function createApplication(environment) {
  const healthPath = environment.HARMONIX_HEALTH_PATH ?? "/health";

  const greeting = {
    greeting: environment.GREETING ?? "Hello",
    environment: environment.HARMONIX_ENVIRONMENT ?? "local",
    release: environment.HARMONIX_RELEASE ?? "unreleased",
  };

  return createServer((request, response) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return answer(response, 405, { error: `${request.method} is not served here` }, { allow: "GET, HEAD" });
    }

    // Only the path decides; what follows a question mark does not.
    const [path] = request.url.split("?", 1);

    switch (path) {
      case healthPath:
        return answer(response, 200, { status: "ok" });
      case "/":
        return answer(response, 200, greeting);
      default:
        return answer(response, 404, { error: `nothing is served at ${path}` });
    }
  });
}

function answer(response, status, body, headers = {}) {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers });
  response.end(`${JSON.stringify(body)}\n`);
}
