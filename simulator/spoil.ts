import { type Answer, errorAnswer } from './answer.ts'
import type { Site } from './call.ts'
import { Refusal } from './errors.ts'
import { type Exchange, send } from './exchange.ts'
import type { Fault } from './faults.ts'

const page = '<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n'

/** Spoil the answer as the fault says. Without an answer the call was not carried out. */
export const spoil = (exchange: Exchange, fault: Fault, made: Answer | undefined, site: Site): number => {
  const { kind, name, status, descr } = fault
  switch (kind) {
    case 'reset':
    case 'resetAfterCommit':
      exchange.request.socket.resetAndDestroy()
      return 0
    case 'html':
      send(exchange, { status: status ?? 502, body: page }, 'text/html')
      return status ?? 502
    case 'empty':
      send(exchange, { status: status ?? 200, body: '{}' })
      return status ?? 200
    case 'hang':
      if (fault.delayMs === undefined) return 0
      send(exchange, made ?? { status: 200, body: '{}' })
      return made?.status ?? 200
    case 'transient':
    case 'error': {
      const text = descr ?? 'A fault that was asked for'
      const refusal = new Refusal(name ?? (kind === 'error' ? 'invalidParam' : 'serviceUnavailable'), text, {
        transient: kind === 'transient',
        ...(status === undefined ? {} : { status }),
      })
      const refused = errorAnswer(site.knobs, refusal)
      send(exchange, refused)
      return refused.status
    }
  }
}
