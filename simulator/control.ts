import * as z from 'zod'
import { reasonOf } from './errors.ts'
import { type Exchange, parseJson, readBody, send } from './exchange.ts'
import { FaultSpec, type Faults } from './faults.ts'
import type { State } from './inspect.ts'
import { Adjustment } from './knobs.ts'
import type { Log } from './log.ts'
import type { OpenSite } from './site.ts'

export const controlRoot = '/_sim/'

const Reset = z.strictObject({ all: z.boolean().default(false) }).default({ all: false })

export interface Controlled {
  readonly open: OpenSite
  readonly log: Log
  readonly faults: Faults
  readonly reset: (options: { all?: boolean }) => void
  readonly state: (options: { content: boolean }) => Promise<State>
}

const respond = async (
  call: string,
  search: URLSearchParams,
  body: unknown,
  on: Controlled,
): Promise<unknown> => {
  switch (call) {
    case 'GET log': {
      const from = Number(search.get('from') ?? 0)
      return on.log.calls.filter(({ seq }) => seq >= from)
    }
    case 'GET counts':
      return on.log.counts()
    case 'POST reset':
      on.reset(Reset.parse(body))
      return { ok: true }
    case 'POST fault':
      on.faults.add(FaultSpec.parse(body))
      return { ok: true }
    case 'GET state':
      return on.state({ content: search.has('content') })
    case 'GET knobs':
      return on.open.site.knobs
    case 'POST knobs':
      on.open.setKnobs(Adjustment.parse(body))
      return on.open.site.knobs
    default:
      return undefined
  }
}

/** The simulator's own calls, under `/_sim/`: no token, no log, and no part of StorPool's API. */
export const serveControl = async (exchange: Exchange, on: Controlled) => {
  const [path = '', search] = (exchange.request.url ?? '').split('?', 2)
  const call = `${exchange.request.method} ${path.slice(controlRoot.length)}`
  try {
    const body = parseJson(await readBody(exchange.request))
    const said = await respond(call, new URLSearchParams(search), body, on)
    if (said === undefined) throw new Error(`there is no control call ${call}`)
    send(exchange, { status: 200, body: JSON.stringify(said) })
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : reasonOf(error)
    send(exchange, { status: 400, body: JSON.stringify({ error: { name: 'badControlCall', descr: why } }) })
  }
}
