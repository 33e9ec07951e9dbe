import type { IncomingMessage } from 'node:http'
import type { Secrets } from '../lib/agent/tasks.ts'
import { answerOf, Dropped, type Way } from './answer.ts'
import { type Origin, strong } from './origin.ts'
import { Refusal } from './refusal.ts'
import { faultOf } from './s3-faults.ts'
import { addressOf } from './s3-request.ts'
import { sha256Of, signed } from './s3-sign.ts'
import { textIn } from './s3-xml.ts'
import type { S3Store } from './stores.ts'

/** Of an error's words. */
const mostErrorBytes = 64 * 1024

/** An object of a bucket, which the operator has named: whatever its address is, it may be reached. */
export const s3Origin = (store: S3Store, key: string, secrets: Secrets, way: Way): Origin => ({
  ask: async (rest) => {
    const { accessKeyId = '', secretAccessKey = '', sessionToken } = secrets
    const url = addressOf(store, `${store.prefix}${key}`)
    const headers = rest === undefined ? {} : { range: `bytes=${rest.at}-`, 'if-match': rest.tag }
    const keys = { accessKeyId, secretAccessKey, sessionToken }
    const question = { method: 'GET', url, headers, payload: sha256Of('') }
    const response = await answerOf(url, signed(question, keys, store.region, new Date()), way)
    const { statusCode: status = 0 } = response
    if ([200, 206, 412, 416].includes(status)) return response
    throw meaningOf(`The object ${key}`, faultOf(status, textIn(await errorIn(response), 'Code')))
  },
  tagOf: ({ etag }) => strong(etag),
})

const meaningOf = (what: string, { kind, message }: ReturnType<typeof faultOf>): Error => {
  const said = `${what}: the store ${message}`
  if (kind === 'passing') return new Dropped(said)
  if (kind === 'expired') {
    return new Refusal(
      'interrupted',
      `${said}: the credentials have expired. Ask again with new ones to go on`,
    )
  }
  return new Refusal(kind === 'absent' ? 'source_not_found' : 'source_refused', said)
}

const errorIn = async (response: IncomingMessage): Promise<string> => {
  let text = ''
  try {
    for await (const chunk of response.setEncoding('utf8')) {
      text += String(chunk)
      if (text.length > mostErrorBytes) break
    }
  } catch {
    // The status says enough.
  } finally {
    response.destroy()
  }
  return text
}
