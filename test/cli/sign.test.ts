import { createHash, createHmac } from 'node:crypto'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { signerFor } from '../../cli/sign.ts'

beforeAll(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'a secret')
  vi.stubEnv('AWS_SESSION_TOKEN', 'a session')
})
afterAll(() => vi.unstubAllEnvs())

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()

/** The signature as AWS describes it, made here from what was sent. */
const expected = (headers: Record<string, string>, body: string) => {
  const date = headers['x-amz-date'] ?? ''
  const signed = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '')?.[1] ?? ''
  const lines = signed.split(';').map((name) => `${name}:${headers[name]}\n`)
  const canonical = ['POST', '/dead-letters/redrive', 'a=1&b=x%20y', lines.join(''), signed, sha256(body)]
  const scope = `${date.slice(0, 8)}/eu-west-3/execute-api/aws4_request`
  const text = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical.join('\n'))].join('\n')
  const key = scope.split('/').reduce<string | Buffer>(hmac, 'AWS4a secret')
  return `Credential=AKIDEXAMPLE/${scope}, SignedHeaders=${signed}, Signature=${hmac(key, text).toString('hex')}`
}

test('a request to a deployed API is signed for the region in its address, with the credentials of this machine', async () => {
  const url = new URL('https://abc.execute-api.eu-west-3.amazonaws.com/dead-letters/redrive?b=x%20y&a=1')
  const body = '{"limit":1}'

  const headers = await signerFor(url, undefined)({ method: 'POST', url, headers: {}, body })

  expect(headers['x-amz-security-token']).toBe('a session')
  expect(headers.authorization).toBe(`AWS4-HMAC-SHA256 ${expected(headers, body)}`)
})

test('an address that does not say its region needs it said', () => {
  vi.stubEnv('AWS_REGION', undefined)
  vi.stubEnv('AWS_DEFAULT_REGION', undefined)

  expect(() => signerFor(new URL('https://volumes.example'), undefined)).toThrow('--region NAME')
})
