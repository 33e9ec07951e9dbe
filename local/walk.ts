import type { System } from './system.ts'

const name = 'hello'

const volume = { volume: { id: name, size: 1 } }
const copy = {
  volume: { id: name },
  image: { source: { kind: 'folder', name: `${name}.raw` }, format: 'raw' },
}

const post = (url: string, path: string, body: object): string =>
  `curl -s ${url}${path} -H 'content-type: application/json' -d '${JSON.stringify(body)}'`

/** Three commands to try, and where to look: make a volume, have a bootable image copied onto it, see how far it is. */
export const walk = ({ url, log, state, endpoints, cluster }: System): string =>
  [
    '',
    post(url, '/driver/create_volume', volume),
    post(url, '/driver/copy_image_to_volume', copy),
    `curl -s '${url}/jobs?limit=1'`,
    '',
    `Functions log to ${log}; everything is kept in ${state}.`,
    `Behind it: Lambda ${endpoints.lambda}, SQS ${endpoints.sqs}, DynamoDB ${endpoints.dynamodb}` +
      `${cluster.simulator === undefined ? '' : `, simulated StorPool ${cluster.simulator}`}. Ctrl-C stops.`,
  ].join('\n')
