declare module 'dynalite' {
  import type { Server } from 'node:http'

  /** @see dynalite 4.0.0, index.js */
  export default function dynalite(options: {
    path?: string
    createTableMs?: number
    deleteTableMs?: number
    updateTableMs?: number
  }): Server
}
