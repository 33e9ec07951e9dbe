import { parentPort, workerData } from 'node:worker_threads'
import { serveTables } from './table-server.ts'

// It is given the folder, says its port, and ends when it is told anything.
const { port, close } = await serveTables(String(workerData))
parentPort?.once('message', () => void close().then(() => parentPort?.close()))
parentPort?.postMessage(port)
// As in the main thread, what fails outside of a request must not end all of it: it is said there.
for (const event of ['unhandledRejection', 'uncaughtException'] as const)
  process.on(event, (error: unknown) => parentPort?.postMessage(error))
