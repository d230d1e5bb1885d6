import { createApplication } from "./application.js";

const port = Number(process.env.PORT ?? "8080");
const server = createApplication(process.env);

server.on("error", (error) => {
  console.error(`cannot serve on port ${port}: ${error.message}`);
  process.exit(1);
});

server.listen(port, () => console.log(`serving on port ${port}`));

// ECS says SIGTERM and waits half a minute: requests under way are answered, new ones go elsewhere.
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.once(signal, () => {
    console.log(`${signal}: stopping`);
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    setTimeout(() => process.exit(1), 25_000).unref();
  });
}
