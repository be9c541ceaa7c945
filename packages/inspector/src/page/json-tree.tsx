import type { VNode } from 'preact';
import { JsonView } from 'react-json-view-lite';

/** Two levels are open at first: more of a large answer hides its shape. */
const OPEN_LEVELS = 2;

/** The viewer's own style sheet has fixed colours for one scheme, so these names are styled in inspector.css. */
const STYLE = {
  container: 'json',
  basicChildStyle: 'json-child',
  childFieldsContainer: 'json-children',
  label: 'json-label',
  clickableLabel: 'json-label json-clickable',
  nullValue: 'json-null',
  undefinedValue: 'json-null',
  booleanValue: 'json-number',
  numberValue: 'json-number',
  stringValue: 'json-string',
  otherValue: 'json-string',
  punctuation: 'json-punctuation',
  expandIcon: 'json-icon json-closed',
  collapseIcon: 'json-icon json-open',
  collapsedContent: 'json-collapsed',
};

/** JSON as a tree that opens and closes. */
export function JsonTree({ data }: { readonly data: object }): VNode {
  // The viewer's types are React's, whose elements are Preact's here.
  const View = JsonView as unknown as (props: Record<string, unknown>) => VNode;
  const shouldExpandNode = (level: number): boolean => level < OPEN_LEVELS;
  return <View data={data} style={STYLE} shouldExpandNode={shouldExpandNode} aria-label="JSON" />;
}
