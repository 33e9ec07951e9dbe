import { createServer, type Server, type Socket } from 'node:net'
import * as z from 'zod'
import { type Answer, type Dispatch, refused } from './dispatch.ts'
import { longestBody, parseJson } from './http.ts'
import { Refusal } from './refusal.ts'
import { Role } from './roles.ts'

/** What `rpc` says first: whom it speaks for. Its command line says so, in which a caller has no part. */
const Introduction = z.strictObject({ name: z.string().min(1).max(128), roles: z.array(Role).min(1) })
const Request = z.looseObject({ operation: z.string() })
/** For both lines together. */
const longest = longestBody + 1024
/** How long a caller may take to ask. */
const silenceMs = 10_000

/**
 * The agent's operations on a UNIX socket, for `rpc`: a line that introduces the caller, a line that asks
 * (`{"operation": …, …}`), and one line back (`{"status": …, "body": …}`). Who may open the socket is believed.
 */
export const lineServer = (dispatch: Dispatch, closing: AbortSignal): Server => {
  const answer = async (socket: Socket, signal: AbortSignal): Promise<Answer> => {
    const [introduction = '', request = ''] = await twoLines(socket, closing)
    const caller = parsed(Introduction, introduction)
    const { operation, ...input } = parsed(Request, request)
    return dispatch({ caller, operation, input: async () => input, signal })
  }

  return createServer((socket) => {
    const gone = new AbortController()
    socket.once('close', () => gone.abort())
    socket.on('error', () => socket.destroy())
    void answer(socket, gone.signal)
      .catch(refused)
      .then(([status, body]) => socket.end(`${JSON.stringify({ status, body })}\n`))
  })
}

const twoLines = (socket: Socket, closing: AbortSignal) =>
  new Promise<string[]>((resolve, reject) => {
    let text = ''
    const cut = () => socket.destroy()
    socket.setTimeout(silenceMs, cut)
    closing.addEventListener('abort', cut)
    const settled = () => closing.removeEventListener('abort', cut)
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part
      const lines = text.split('\n')
      if (Buffer.byteLength(text) > longest) {
        reject(new Refusal('too_large', `The request may have ${longestBody} bytes at most`))
      } else if (lines.length > 2) {
        // An answer may take as long as the operation does.
        socket.setTimeout(0)
        settled()
        resolve(lines)
      }
    })
    socket.once('close', settled)
    socket.once('close', () => reject(new Refusal('bad_request', 'The request was cut off')))
  })

const parsed = <T>(schema: z.ZodType<T>, line: string): T => {
  const result = schema.safeParse(parseJson(line))
  if (result.success) return result.data
  throw new Refusal('bad_request', 'The line names no operation, or whom it is asked for')
}
