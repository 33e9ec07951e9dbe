import { Agent } from 'node:http'
import type { Agent as SecureAgent } from 'node:https'
import axios from 'axios'
import type { ReadCredentials } from './credentials.ts'
import { AgentUnreachable } from './errors.ts'
import { isDistrust, secureConnections } from './tls.ts'
import type { Transport, TransportAnswer } from './transport.ts'

/** A function may be frozen between calls: a socket that lay idle this long is not trusted. */
const idleMs = 4_000

export interface HttpOptions {
  readonly url: string
  readonly host?: string
  readonly credentials?: ReadCredentials
}

/** To an agent over HTTPS with mutual TLS, or over plain HTTP on loopback, on connections kept alive. */
export const httpTransport = ({ url, host, credentials }: HttpOptions): Transport => {
  const base = url.replace(/\/+$/, '')
  const unreachable = (message: string, cause?: unknown) => new AgentUnreachable(base, message, { cause })
  const secure = base.startsWith('https:') ? secureConnections(credentials ?? none, host) : undefined
  const plain = new Agent({ keepAlive: true })
  let lastUse = Date.now()

  const http = axios.create({
    baseURL: base,
    httpAgent: plain,
    proxy: false,
    maxRedirects: 0,
    maxContentLength: 4 * 1024 * 1024,
    responseType: 'json',
    validateStatus: () => true,
  })

  const send = async (operation: string, input: object, deadline: number) => {
    const remaining = deadline - Date.now()
    if (remaining <= 0) throw unreachable(`no time was left for ${operation}`)
    const httpsAgent = await secure?.agent()
    if (Date.now() - lastUse >= idleMs) dropIdle(httpsAgent ?? plain)
    try {
      const signal = AbortSignal.timeout(remaining)
      return await http.request<unknown>({
        ...requestOf(operation, input),
        signal,
        ...(httpsAgent && { httpsAgent }),
      })
    } catch (error) {
      if (axios.isCancel(error)) throw unreachable(`${operation} took longer than its deadline`)
      throw error
    } finally {
      lastUse = Date.now()
    }
  }

  /** A connection that was kept may have been closed just as it was used again; every call may be repeated. */
  const sendTwice = async (operation: string, input: object, deadline: number) =>
    send(operation, input, deadline).catch((error: unknown) => {
      if (diedWhileKept(error)) return send(operation, input, deadline)
      throw error
    })

  const attempt = async (operation: string, input: object, deadline: number): Promise<TransportAnswer> => {
    const response = await sendTwice(operation, input, deadline).catch(async (error: unknown) => {
      if (secure === undefined || !axios.isAxiosError(error) || !isDistrust(error.code)) throw error
      if (await secure.renew()) return send(operation, input, deadline)
      throw error
    })
    if (response.status !== 401 || secure === undefined || !(await secure.renew())) {
      return { status: response.status, body: response.data }
    }
    const again = await send(operation, input, deadline)
    return { status: again.status, body: again.data }
  }

  return {
    call: async (operation, input, deadline) => {
      try {
        return await attempt(operation, input, deadline)
      } catch (error) {
        throw error instanceof AgentUnreachable ? error : unreachable(reasonOf(error), error)
      }
    },
    close: () => {
      plain.destroy()
      secure?.close()
    },
  }
}

const none = () => Promise.reject(new Error('https needs credentials, and none are configured'))

const requestOf = (operation: string, input: object) => {
  if (operation === 'health' || operation === 'tasks') return { method: 'GET', url: `/v1/${operation}` }
  if (operation !== 'task') return { method: 'POST', url: `/v1/${operation}`, data: input }
  const [id, wait] = ['id' in input ? input.id : '', 'wait' in input ? input.wait : 0]
  return { method: 'GET', url: `/v1/tasks/${encodeURIComponent(String(id))}?wait=${Number(wait)}` }
}

const dropIdle = (agent: Agent | SecureAgent) => {
  for (const socket of Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? [])) socket.destroy()
}

const diedWhileKept = (error: unknown) =>
  axios.isAxiosError(error) &&
  (error.code === 'ECONNRESET' || error.code === 'EPIPE') &&
  error.request?.reusedSocket === true

const reasonOf = (error: unknown) => {
  if (!axios.isAxiosError(error)) return error instanceof Error ? error.message : String(error)
  // Node tries every address of a name and reports them together, with an empty message.
  const reason = error.message || error.code || 'the connection failed'
  return isDistrust(error.code) ? `its certificate, or ours, is not believed: ${reason}` : reason
}
