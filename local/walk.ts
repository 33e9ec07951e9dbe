import type { System } from './system.ts'

const name = 'hello'

const volume = { volume: { id: name, size: 1 } }
const copy = {
  volume: { id: name },
  image: { source: { kind: 'folder', name: `${name}.raw` }, format: 'raw' },
}

/** Where callers are checked, their token stands in a variable: written into a command, others would see it. */
const curl = ({ checked }: System, address: string): string =>
  `curl -s ${address}${checked ? ' -H "X-Auth-Token: $TOKEN"' : ''}`

const post = (system: System, path: string, body: object): string =>
  `${curl(system, `${system.url}${path}`)} -H 'content-type: application/json' -d '${JSON.stringify(body)}'`

/** Three commands to try, and where to look: make a volume, have a bootable image copied onto it, see how far it is. */
export const walk = (system: System): string => {
  const { log, state, endpoints, cluster } = system
  return [
    '',
    post(system, '/driver/create_volume', volume),
    post(system, '/driver/copy_image_to_volume', copy),
    curl(system, `'${system.url}/jobs?limit=1'`),
    '',
    `Functions log to ${log}; everything is kept in ${state}.`,
    `Behind it: Lambda ${endpoints.lambda}, SQS ${endpoints.sqs}, DynamoDB ${endpoints.dynamodb}` +
      `${cluster.simulator === undefined ? '' : `, simulated StorPool ${cluster.simulator}`}. Ctrl-C stops.`,
  ].join('\n')
}
