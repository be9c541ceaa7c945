import { useJson } from './useJson.ts'

interface Team {
  name: string
  members: { name: string; role: string; online: boolean }[]
}

interface Change {
  id: number
  title: string
  author: string
}

export function Review() {
  const team = useJson<Team>('/team.json')
  const changes = useJson<Change[]>('/changes.json')

  return (
    <section id="next-steps">
      <div id="docs">
        <svg className="icon" role="presentation" aria-hidden="true">
          <use href="/icons.svg#social-icon"></use>
        </svg>
        <h2>{team?.name ?? 'Loading…'}</h2>
        <ul className="review" data-testid="team">
          {team?.members.map((member) => (
            <li key={member.name}>
              <span className={member.online ? 'dot online' : 'dot'}></span>
              {member.name} <small>{member.role}</small>
            </li>
          ))}
        </ul>
      </div>
      <div id="social">
        <svg className="icon" role="presentation" aria-hidden="true">
          <use href="/icons.svg#documentation-icon"></use>
        </svg>
        <h2>Changes to review</h2>
        <ul className="review" data-testid="changes">
          {changes?.map((change) => (
            <li key={change.id}>
              {change.title} <small>{change.author}</small>
            </li>
          ))}
        </ul>
      </div>
    </section>
  )
}
