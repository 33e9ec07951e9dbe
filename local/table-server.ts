import dynalite from 'dynalite'
import { endReadings } from './table-readings.ts'
import { rememberTables } from './table-shapes.ts'
import { writeAsOne } from './table-writes.ts'

/** Serve the tables of a folder. @returns the port, and how to end */
export const serveTables = async (folder: string): Promise<{ port: number; close: () => Promise<void> }> => {
  writeAsOne()
  rememberTables()
  endReadings()
  const server = dynalite({ path: folder, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 })
  server.keepAliveTimeout = 65_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve())
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
