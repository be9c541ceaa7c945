import type { VNode } from 'preact';
import type { Field } from '../api/index.js';

export interface FieldsProps {
  readonly caption: string;
  readonly fields: readonly Field[];
}

/** The fields of a head, in their order. */
export function FieldsTable({ caption, fields }: FieldsProps): VNode {
  if (fields.length === 0) return <p class="quiet">{caption}: none.</p>;
  return (
    <table class="fields">
      <caption>{caption}</caption>
      <tbody>
        {fields.map(({ name, value, isSecret = false }, index) => (
          <tr key={index} class={isSecret ? 'secret' : ''}>
            <th scope="row">{name}</th>
            <td>{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
