import { get } from 'node:http'
import { DriverError } from '../errors.ts'

/** Milliseconds the extension may take: it runs beside the function and keeps what it has fetched. */
const ANSWER_MS = 3_000

/**
 * A secret's text from the Secrets Manager extension, which listens beside the function and answers from its cache.
 *
 * @param id the secret's name or ARN.
 * @throws DriverError BackendUnavailable: no secret came. What came instead is not repeated.
 * @see AWS, Parameters and Secrets Lambda Extension: address, header, answer
 */
export const secretText = (id: string, port: number, session: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const path = `/secretsmanager/get?secretId=${encodeURIComponent(id)}`
    const failed = (why: string) =>
      reject(
        new DriverError('BackendUnavailable', `the secret ${id} could not be read: ${why}`, {
          remedy:
            'Look that the extension is a layer of the function, and that its role may read the secret.',
        }),
      )
    const headers = { 'X-Aws-Parameters-Secrets-Token': session }
    // Asked once in a few minutes: a socket kept since then may not have outlived the time the function was frozen.
    const options = { host: '127.0.0.1', port, path, headers, agent: false, timeout: ANSWER_MS }
    const request = get(options, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => {
        text += chunk
      })
      answer.on('error', () => failed('its answer was cut off'))
      answer.on('end', () => {
        const secret = secretIn(text)
        if (answer.statusCode !== 200) failed(`the extension answered ${answer.statusCode}`)
        else if (secret === undefined) failed('it holds no text')
        else resolve(secret)
      })
    })
    request.on('timeout', () => request.destroy(new Error('it took too long')))
    request.on('error', (error) => failed(error.message))
  })

const secretIn = (text: string): string | undefined => {
  try {
    const answer: unknown = JSON.parse(text)
    const holds = typeof answer === 'object' && answer !== null && 'SecretString' in answer
    return (holds && typeof answer.SecretString === 'string' && answer.SecretString.trim()) || undefined
  } catch {
    return undefined
  }
}
