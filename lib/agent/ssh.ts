import { createHash, timingSafeEqual } from 'node:crypto'
import { Client, type ClientChannel, type ConnectConfig } from 'ssh2'
import * as z from 'zod'
import { jsonIn } from '../json.ts'
import type { ReadCredentials } from './credentials.ts'
import { AgentUnreachable } from './errors.ts'
import type { Transport, TransportAnswer } from './transport.ts'

/** A function may be frozen between calls: a connection that lay idle this long is not trusted. */
const idleMs = 4_000
/** As much as an agent answers. */
const longestAnswer = 4 * 1024 * 1024
/** Connecting and showing who one is takes no longer, or the host is not well. */
const connectMs = 10_000

export interface SshOptions {
  readonly url: string
  readonly credentials?: ReadCredentials
}

interface Address {
  readonly host: string
  readonly port: number
  readonly username: string
  /** SHA-256 of the host's public keys that are believed. */
  readonly hostKeys: readonly Buffer[]
}

const Line = z.strictObject({ status: z.int(), body: z.unknown() })

/**
 * To an agent through sshd, whose forced command hands one line to the agent and its answer back. The connection is
 * kept; every call is a channel of its own. A host whose key is not the pinned one is refused.
 */
export const sshTransport = ({ url, credentials }: SshOptions): Transport => {
  const shown = url.split('?')[0] ?? url
  const unreachable = (message: string, cause?: unknown) => new AgentUnreachable(shown, message, { cause })
  let kept: Promise<Connection> | undefined
  let lastUse = Date.now()

  const connection = async (deadline: number): Promise<{ it: Connection; reused: boolean }> => {
    const old = Date.now() - lastUse >= idleMs
    const there = await kept?.catch(() => undefined)
    if (there !== undefined && !there.ended() && !(old && there.idle())) return { it: there, reused: true }
    there?.close()
    kept = open(addressIn(url), credentials ?? none, deadline)
    return { it: await kept, reused: false }
  }

  const ask = async (line: string, deadline: number): Promise<TransportAnswer> => {
    const { it, reused } = await connection(deadline)
    return it.ask(line, deadline).catch((error: unknown) => {
      // What was kept may have been closed just as it was used again; every call may be repeated.
      if (reused && it.ended() && Date.now() < deadline) return ask(line, deadline)
      throw error
    })
  }

  return {
    call: async (operation, input, deadline) => {
      if (deadline <= Date.now()) throw unreachable(`no time was left for ${operation}`)
      try {
        return await ask(`${JSON.stringify({ operation, ...input })}\n`, deadline)
      } catch (error) {
        throw unreachable(error instanceof Error ? error.message : String(error), error)
      } finally {
        lastUse = Date.now()
      }
    },
    close: () => void kept?.then((it) => it.close()).catch(() => {}),
  }
}

interface Connection {
  ask(line: string, deadline: number): Promise<TransportAnswer>
  ended(): boolean
  idle(): boolean
  close(): void
}

const none = () => Promise.reject(new Error('ssh needs credentials, and none are configured'))

/** @throws Error the address names no user, or no key of the host */
const addressIn = (url: string): Address => {
  const { hostname, port, username, search } = new URL(url)
  // A fingerprint is base64, in which + is itself and not a blank.
  const pins = new URLSearchParams(search.replaceAll('+', '%2B')).getAll('hostkey')
  const hostKeys = pins.map((pin) => Buffer.from(pin.replace(/^SHA256:/, ''), 'base64'))
  if (username === '') throw new Error('the address names no user: ssh://USER@HOST?hostkey=SHA256:…')
  if (hostKeys.length === 0 || hostKeys.some(({ length }) => length !== 32)) {
    throw new Error('the address names no key of the host: add ?hostkey=SHA256:… as ssh-keygen -lf prints it')
  }
  const host = hostname.replace(/^\[|\]$/g, '')
  return { host, port: Number(port) || 22, username: decodeURIComponent(username), hostKeys }
}

const open = async (address: Address, read: ReadCredentials, deadline: number): Promise<Connection> => {
  const { sshKey: privateKey } = await read()
  if (privateKey === undefined) throw new Error('the credentials for agents have no sshKey, which ssh needs')
  const { host, port, username, hostKeys } = address
  const client = new Client().setMaxListeners(0)
  let ended = false
  let open = 0
  const end = () => {
    ended = true
    client.end()
  }
  const hostVerifier = (key: Buffer) => {
    const seen = createHash('sha256').update(key).digest()
    return hostKeys.some((pinned) => timingSafeEqual(pinned, seen))
  }
  const readyTimeout = Math.max(1, Math.min(connectMs, deadline - Date.now()))
  // It may raise several errors, one after the other.
  client.on('error', end).once('close', end)
  await connected(client, {
    host,
    port,
    username,
    privateKey,
    hostVerifier,
    readyTimeout,
    authHandler: ['publickey'],
  })
  return {
    ask: (line, deadline) => {
      open += 1
      return asked(client, line, deadline).finally(() => {
        open -= 1
      })
    },
    ended: () => ended,
    idle: () => open === 0,
    close: end,
  }
}

const connected = (client: Client, config: ConnectConfig) =>
  new Promise<void>((resolve, reject) => {
    client.once('ready', resolve).once('error', reject)
    client.once('close', () => reject(new Error('the connection was closed')))
    client.connect(config)
  })

/** The command is named for the log of sshd; what runs is the one it is forced to. */
const command = 'agentctl rpc'

const asked = (client: Client, line: string, deadline: number): Promise<TransportAnswer> =>
  new Promise((resolve, reject) => {
    let channel: ClientChannel | undefined
    const finish = (result: TransportAnswer | Error) => {
      clearTimeout(late)
      client.off('close', closed)
      if (result instanceof Error) reject(result)
      else resolve(result)
    }
    const closed = () => finish(new Error('the connection was closed'))
    const late = setTimeout(() => {
      finish(new Error('it took longer than its deadline'))
      channel?.close()
    }, deadline - Date.now())
    client.once('close', closed)
    client.exec(command, (error, opened) => {
      if (error) return finish(error)
      channel = opened
      let answer = ''
      let said = ''
      opened.setEncoding('utf8').on('data', (part: string) => {
        answer += part
        if (answer.length > longestAnswer) opened.close()
      })
      opened.stderr.setEncoding('utf8').on('data', (part: string) => {
        said = (said + part).slice(0, 1024)
      })
      opened.once('close', () => {
        const parsed = Line.safeParse(jsonIn(answer))
        if (parsed.success) finish({ status: parsed.data.status, body: parsed.data.body })
        else finish(new Error(said.trim() || 'its answer cannot be read'))
      })
      opened.end(line)
    })
  })
