import { closeSync, existsSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { writeThrough } from './output.ts'

/** A file longer than this is set aside when the system starts, in bytes. */
const longFile = 64 * 1024 * 1024

export interface LogFile {
  readonly write: (text: string) => boolean
  readonly close: () => void
}

/** Open a log file to append to; one older file is kept. @param echo write to standard output too. */
export const openLogFile = (path: string, echo: boolean): LogFile => {
  mkdirSync(dirname(path), { recursive: true })
  if (existsSync(path) && statSync(path).size > longFile) renameSync(path, `${path}.1`)
  const file = openSync(path, 'a')
  let open = true
  return {
    write(text) {
      try {
        if (open) writeSync(file, text)
      } catch {
        // A full disk takes lines, and must not take with it what wrote them.
      }
      return echo ? writeThrough(text) : true
    },
    close() {
      open = false
      closeSync(file)
    },
  }
}
