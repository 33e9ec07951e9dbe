import { Agent } from 'node:http'
import axios from 'axios'
import type * as z from 'zod'
import { AgentError, AgentUnreachable } from './errors.ts'
import {
  AgentErrorBody,
  Attached,
  type AttachWait,
  type CancelTask,
  type CopyImage,
  Health,
  type Release,
  Released,
  Task,
  Tasks,
} from './protocol.ts'

/** A function may be frozen between calls: a socket that lay idle this long is not trusted. */
const idleMs = 4_000

export interface AgentClientOptions {
  /** Such as `http://127.0.0.1:9161`: the agent speaks plain HTTP on loopback only. */
  readonly url: string
}

/**
 * The agent's operations over HTTP, on connections kept alive. Every call ends by its deadline (epoch
 * milliseconds) and may be repeated: the agent knows a request it has seen.
 *
 * @throws AgentError the agent said no
 * @throws AgentUnreachable no readable answer by the deadline; it may have been done
 */
export const agentClient = ({ url }: AgentClientOptions) => {
  const base = url.replace(/\/+$/, '')
  const connections = keptAlive()
  const http = axios.create({
    baseURL: base,
    httpAgent: connections.agent,
    proxy: false,
    maxRedirects: 0,
    maxContentLength: 4 * 1024 * 1024,
    responseType: 'json',
    validateStatus: () => true,
  })

  const send = async (method: 'GET' | 'POST', path: string, deadline: number, body?: object) => {
    const remaining = deadline - Date.now()
    if (remaining <= 0) throw new AgentUnreachable(base, `no time was left for ${path}`)
    connections.dropIdle()
    try {
      const signal = AbortSignal.timeout(remaining)
      return await http.request<unknown>({ method, url: path, signal, ...(body && { data: body }) })
    } catch (error) {
      if (axios.isCancel(error)) throw new AgentUnreachable(base, `${path} took longer than its deadline`)
      throw error
    } finally {
      connections.used()
    }
  }

  const call = async <T>(
    method: 'GET' | 'POST',
    path: string,
    answer: z.ZodType<T>,
    deadline: number,
    body?: object,
  ): Promise<T> => {
    const response = await send(method, path, deadline, body)
      .catch((error: unknown) => {
        // A connection that was kept may have been closed just as it was used again; every call may be repeated.
        if (diedWhileKept(error)) return send(method, path, deadline, body)
        throw error
      })
      .catch((error: unknown) => {
        throw error instanceof AgentUnreachable
          ? error
          : new AgentUnreachable(base, reasonOf(error), { cause: error })
      })
    if (response.status >= 200 && response.status < 300) {
      const parsed = answer.safeParse(response.data)
      if (parsed.success) return parsed.data
      throw new AgentUnreachable(base, `its answer to ${path} cannot be read`, { cause: parsed.error })
    }
    const refusal = AgentErrorBody.safeParse(response.data)
    if (!refusal.success)
      throw new AgentUnreachable(base, `${path} was answered ${response.status}, not by an agent`)
    const { code, message, retryable, details } = refusal.data.error
    throw new AgentError(message, { code, retryable, details, status: response.status })
  }

  return {
    /** Wait until the device is there with the stated size. */
    attachWait: (input: AttachWait, deadline: number) =>
      call('POST', '/v1/attach-wait', Attached, deadline, input),
    /** Make sure nothing of the agent's uses the device; afterwards this generation can write no more. */
    release: async (input: Release, deadline: number): Promise<void> => {
      await call('POST', '/v1/release', Released, deadline, input)
    },
    /** Begin to copy an image; the same `requestId` gives the same task. */
    copyImage: (input: CopyImage, deadline: number) => call('POST', '/v1/copy-image', Task, deadline, input),
    /** Stop a task and wait until nothing of it runs. An ended task stays as it is. */
    cancelTask: (input: CancelTask, deadline: number) =>
      call('POST', '/v1/cancel-task', Task, deadline, input),
    /** How a task stands; with `waitSeconds` (25 at most) answered when it has ended, or then. */
    task: ({ id, waitSeconds = 0 }: { id: string; waitSeconds?: number }, deadline: number) =>
      call('GET', `/v1/tasks/${encodeURIComponent(id)}?wait=${waitSeconds}`, Task, deadline),
    tasks: async (deadline: number) => (await call('GET', '/v1/tasks', Tasks, deadline)).tasks,
    health: (deadline: number) => call('GET', '/v1/health', Health, deadline),
    /** Close the connections that were kept. */
    close: () => connections.agent.destroy(),
  }
}
export type AgentClient = ReturnType<typeof agentClient>

const keptAlive = () => {
  const agent = new Agent({ keepAlive: true })
  let lastUse = Date.now()
  return {
    agent,
    used: () => {
      lastUse = Date.now()
    },
    dropIdle: () => {
      if (Date.now() - lastUse < idleMs) return
      for (const socket of Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? []))
        socket.destroy()
    },
  }
}

const diedWhileKept = (error: unknown) =>
  axios.isAxiosError(error) &&
  (error.code === 'ECONNRESET' || error.code === 'EPIPE') &&
  error.request?.reusedSocket === true

const reasonOf = (error: unknown) => {
  if (!axios.isAxiosError(error)) return error instanceof Error ? error.message : String(error)
  // Node tries every address of a name and reports them together, with an empty message.
  return error.message || error.code || 'the connection failed'
}
