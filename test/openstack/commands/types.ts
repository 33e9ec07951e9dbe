import { expect } from 'vitest'
import { admins, type Command, json, line, properties, table } from './command.ts'

const GiB = 1024 ** 3

/** Types are of all projects: their names say which way of asking they belong to. */
export const typeCommands: readonly Command[] = [
  admins(
    'openstack volume type create --property storpool_template=hdd --description slow gold-{way}',
    async (look) => {
      expect(await look.type(`gold-${look.words.way}`)).toMatchObject({
        description: 'slow',
        is_public: true,
        extra_specs: { storpool_template: 'hdd' },
      })
    },
  ),
  admins('openstack volume type list --long -f json', (look) => {
    const row = {
      Name: `gold-${look.words.way}`,
      'Is Public': true,
      Properties: { storpool_template: 'hdd' },
    }
    expect(json(look)).toContainEqual(expect.objectContaining(row))
  }),
  line('openstack volume type show gold-{way} -f json', async (look) => {
    const { id } = await look.type(`gold-${look.words.way}`)
    expect(json(look)).toMatchObject({ id, name: `gold-${look.words.way}`, is_public: true })
  }),
  admins('openstack volume type set --property tier=1 --description still gold-{way}', async (look) => {
    expect(await look.type(`gold-${look.words.way}`)).toMatchObject({
      description: 'still',
      extra_specs: { storpool_template: 'hdd', tier: '1' },
    })
  }),
  admins('openstack volume type unset --property tier gold-{way}', async (look) => {
    expect((await look.type(`gold-${look.words.way}`)).extra_specs).toEqual({ storpool_template: 'hdd' })
  }),
  line('openstack volume create --size 1 --type gold-{way} typed', async (look) => {
    expect(await look.volume('typed')).toMatchObject({
      status: 'available',
      volume_type: `gold-${look.words.way}`,
    })
    expect(await look.onCluster('typed')).toMatchObject({ size: GiB, template: 'hdd' })
  }),
  admins('cinder type-create secret-{way} --is-public False --description quick', async (look) => {
    const type = await look.type(`secret-${look.words.way}`)
    expect(type).toMatchObject({ is_public: false, extra_specs: {} })
    look.words.secret = type.id
  }),
  admins('cinder type-key secret-{way} set storpool_template=ssd', async (look) => {
    expect(await look.type(`secret-${look.words.way}`)).toMatchObject({
      extra_specs: { storpool_template: 'ssd' },
    })
  }),
  admins('cinder type-access-add --volume-type secret-{way} --project-id {project}', async (look) => {
    const { id } = await look.type(`secret-${look.words.way}`)
    const { volume_type_access: access } = await look.get(`/types/${id}/os-volume-type-access`)
    expect(access).toEqual([{ volume_type_id: id, project_id: look.words.project }])
  }),
  admins('cinder type-access-list --volume-type secret-{way}', (look) => {
    expect(table(look)).toMatchObject([{ Project_ID: look.words.project }])
  }),
  line('cinder type-list', (look) => {
    const names = table(look).map(({ Name }) => Name)
    expect(names).toEqual(
      expect.arrayContaining(['__DEFAULT__', `gold-${look.words.way}`, `secret-${look.words.way}`]),
    )
  }),
  line('cinder type-show secret-{way}', (look) => {
    expect(properties(look)).toMatchObject({ description: 'quick', is_public: 'False' })
  }),
  line('cinder type-default', (look) => {
    expect(table(look)).toMatchObject([{ Name: '__DEFAULT__' }])
  }),
  admins('cinder extra-specs-list', (look) => {
    const row = { Name: `secret-${look.words.way}`, extra_specs: "{'storpool_template': 'ssd'}" }
    expect(table(look)).toContainEqual(expect.objectContaining(row))
  }),
  line('cinder retype --migration-policy on-demand typed secret-{way}', async (look) => {
    expect(await look.volume('typed')).toMatchObject({
      status: 'available',
      volume_type: `secret-${look.words.way}`,
    })
    expect(await look.onCluster('typed')).toMatchObject({ template: 'ssd' })
  }),
  line('openstack volume set --type gold-{way} --retype-policy on-demand typed', async (look) => {
    expect(await look.volume('typed')).toMatchObject({ volume_type: `gold-${look.words.way}` })
    expect(await look.onCluster('typed')).toMatchObject({ template: 'hdd' })
  }),
  admins('cinder type-access-remove --volume-type secret-{way} --project-id {project}', async (look) => {
    const { id } = await look.type(`secret-${look.words.way}`)
    const { volume_type_access: access } = await look.get(`/types/${id}/os-volume-type-access`)
    expect(access).toEqual([])
  }),
  admins('cinder type-update --name hidden-{way} {secret}', async (look) => {
    expect(await look.type(`secret-${look.words.way}`)).toBeUndefined()
    expect(await look.type(`hidden-${look.words.way}`)).toMatchObject({ description: 'quick' })
  }),
  admins('cinder type-delete hidden-{way}', async (look) => {
    expect(await look.type(`hidden-${look.words.way}`)).toBeUndefined()
  }),
  admins(
    'openstack volume type delete gold-{way}',
    async (look) => expect(await look.type(`gold-${look.words.way}`)).toBeDefined(),
    { refused: /Failed to delete volume type/ },
  ),
  admins('openstack volume type create --property storpool_template=nowhere lost-{way}', async (look) => {
    expect(await look.type(`lost-${look.words.way}`)).toBeDefined()
  }),
  line('openstack volume create --size 1 --type lost-{way} lost', async (look) => {
    expect(await look.volume('lost')).toMatchObject({ status: 'error' })
    expect(await look.onCluster('lost')).toBeUndefined()
    const { messages } = await look.get('/messages')
    look.words.message = messages[0].id
  }),
  line(
    'openstack volume message list -f json',
    async (look) => {
      const { id } = await look.volume('lost')
      expect(json(look)).toMatchObject([
        { ID: look.words.message, 'Resource Type': 'VOLUME', 'Resource UUID': id },
      ])
      expect(json(look)[0]['User Message']).toMatch(/nowhere|schedule/)
    },
    { since: 3 },
  ),
  line(
    'cinder message-show {message}',
    (look) => expect(properties(look)).toMatchObject({ message_level: 'ERROR', id: look.words.message }),
    { since: 3 },
  ),
  line(
    'openstack volume message delete {message}',
    async (look) => expect((await look.get('/messages')).messages).toEqual([]),
    { since: 3 },
  ),
  line('openstack volume delete lost', async (look) => {
    expect(await look.volume('lost')).toBeUndefined()
  }),
  admins('cinder type-delete lost-{way}', async (look) => {
    expect(await look.type(`lost-${look.words.way}`)).toBeUndefined()
  }),
]
