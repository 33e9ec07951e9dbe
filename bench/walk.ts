import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'

const Job = z.object({ id: z.string(), status: z.string() })

const GIVE_UP_MS = 60_000

/** A volume's life through the front of a running system: an image copied onto it, a snapshot, a copy, an attachment. */
export const walk = async (url: string, image: { folder: string; name: string }): Promise<void> => {
  const deadline = Date.now() + GIVE_UP_MS
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const response = await fetch(url + path, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    const answer: unknown = await response.json()
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(answer)}`)
    return answer
  }
  const drive = (operation: string, input: object) => call('POST', `/driver/${operation}`, input)
  const until = async (what: string, isSo: () => Promise<boolean>) => {
    while (!(await isSo())) {
      if (Date.now() > deadline) throw new Error(`${what} took longer than ${GIVE_UP_MS} ms`)
      await sleep(100)
    }
  }

  const volume = { id: 'bench', size: 1 }
  const copy = { id: 'bench-copy', size: 1 }
  const snapshot = { id: 'bench-snapshot', volume_id: volume.id, volume_size: 1 }
  const connector = { host: 'host-2' }

  await drive('create_volume', { volume })
  await until('the example image', () =>
    stat(`${image.folder}/${image.name}`).then(
      () => true,
      () => false,
    ),
  )
  const source = { kind: 'folder', name: image.name }
  const submitted = await call('POST', '/jobs', {
    kind: 'copy-image-to-volume',
    input: { volume: { id: volume.id }, image: { source, format: 'qcow2' } },
  })
  const { id } = Job.parse(submitted)
  let status = ''
  await until('the copy', async () => {
    status = Job.parse(await call('GET', `/jobs/${id}`)).status
    return status !== 'queued' && status !== 'running'
  })
  if (status !== 'succeeded') throw new Error(`the copy ended as ${status}`)

  await drive('create_snapshot', { snapshot })
  await drive('create_volume_from_snapshot', { volume: copy, snapshot })
  await drive('initialize_connection', { volume: copy, connector, mode: 'ro' })
  await drive('terminate_connection', { volume: copy, connector })
  await drive('delete_volume', { volume: copy })
  await drive('delete_snapshot', { snapshot })
  await drive('delete_volume', { volume })
}
