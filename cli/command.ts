import type { Front } from './front.ts'
import type { Printer } from './print.ts'

/** What a command is given. */
export interface Asked {
  /** Of a job; empty where the command is about none. */
  readonly id: string
  readonly front: Front
  readonly print: Printer
  readonly status?: string | undefined
  readonly project?: string | undefined
  readonly limit?: string | undefined
  readonly after?: string | undefined
}

/** @returns what the program ends with. */
export type Command = (asked: Asked) => Promise<number>
