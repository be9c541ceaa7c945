/** The states of HTML's tokenizer (HTML section 13.2.5) that come before a head, under the standard's names, shortened. */
type State =
  | 'data'
  | 'tag open'
  | 'end tag open'
  | 'tag name'
  | 'before attribute'
  | 'attribute name'
  | 'before value'
  | 'double-quoted'
  | 'single-quoted'
  | 'unquoted'
  | 'declaration'
  | 'declaration dash'
  | 'bogus comment'
  | 'comment start'
  | 'comment start dash'
  | 'comment'
  | 'comment end dash'
  | 'comment end'
  | 'comment end bang'
  /** Text that shows on the page. It begins the body. */
  | 'text';

/** Which state follows on a character: `' '` stands for any white space, `a` for any letter. */
type Row = Readonly<Partial<Record<string, State>>> & { readonly other: State };

const NEXT: Readonly<Record<State, Row>> = {
  data: { ' ': 'data', '<': 'tag open', other: 'text' },
  'tag open': {
    '!': 'declaration',
    '/': 'end tag open',
    '?': 'bogus comment',
    a: 'tag name',
    other: 'text',
  },
  'end tag open': { '>': 'data', a: 'tag name', other: 'bogus comment' },
  'tag name': { ' ': 'before attribute', '/': 'before attribute', '>': 'data', other: 'tag name' },
  'before attribute': {
    ' ': 'before attribute',
    '/': 'before attribute',
    '>': 'data',
    other: 'attribute name',
  },
  'attribute name': {
    '/': 'before attribute',
    '=': 'before value',
    '>': 'data',
    other: 'attribute name',
  },
  'before value': {
    ' ': 'before value',
    '"': 'double-quoted',
    "'": 'single-quoted',
    '>': 'data',
    other: 'unquoted',
  },
  'double-quoted': { '"': 'before attribute', other: 'double-quoted' },
  'single-quoted': { "'": 'before attribute', other: 'single-quoted' },
  unquoted: { ' ': 'before attribute', '>': 'data', other: 'unquoted' },
  declaration: { '-': 'declaration dash', '>': 'data', other: 'bogus comment' },
  'declaration dash': { '-': 'comment start', '>': 'data', other: 'bogus comment' },
  'bogus comment': { '>': 'data', other: 'bogus comment' },
  'comment start': { '-': 'comment start dash', '>': 'data', other: 'comment' },
  'comment start dash': { '-': 'comment end', '>': 'data', other: 'comment' },
  comment: { '-': 'comment end dash', other: 'comment' },
  'comment end dash': { '-': 'comment end', other: 'comment' },
  'comment end': { '-': 'comment end', '!': 'comment end bang', '>': 'data', other: 'comment' },
  'comment end bang': { '-': 'comment end dash', '>': 'data', other: 'comment' },
  text: { other: 'text' },
};

/** The end tags that make the parser insert a head. It ignores all others at that point (HTML sections 13.2.6.4.2 and 13.2.6.4.3). */
const MAKES_HEAD = new Set(['/head', '/body', '/html', '/br']);

/**
 * Finds the place of the document's first script: just inside `<head>`, or before what makes the parser insert
 * a head by itself (HTML sections 13.2.6.4.1 to 13.2.6.4.3). A script there is the first child of the head, and
 * the rest of the document stays what it was. Each byte is looked at once, as it comes.
 */
export class ShimPlace {
  #state: State = 'data';
  #read = 0;
  /** Where the current token begins. */
  #tokenStart = 0;
  /** The name of the current tag in lower case; an end tag's begins with a slash. */
  #tagName = '';
  #found: number | undefined;

  /** Takes the next bytes. Returns the place once it is known, as an offset from the first byte of the document. */
  read(bytes: Uint8Array): number | undefined {
    for (const byte of bytes) {
      if (this.#found !== undefined) break;
      this.#found = this.#step(String.fromCharCode(byte));
    }
    return this.#found;
  }

  /** The place in a document that ends here. The unfinished token is dropped or shows as text. */
  end(): number {
    return this.#found ?? (this.#state === 'data' ? this.#read : this.#tokenStart);
  }

  #step(char: string): number | undefined {
    const before = this.#state;
    if (before === 'data') this.#begin();
    const row = NEXT[before];
    this.#state = row[classOf(char)] ?? row.other;
    this.#read += 1;
    if (this.#state === 'text') return this.#tokenStart;
    if (this.#state === 'end tag open' || this.#state === 'tag name') {
      this.#tagName += char.toLowerCase();
    }
    const isTagEnd = this.#state === 'data' && this.#tagName !== '';
    return isTagEnd ? this.#afterTag() : undefined;
  }

  #begin(): void {
    this.#tokenStart = this.#read;
    this.#tagName = '';
  }

  #afterTag(): number | undefined {
    if (this.#tagName === 'head') return this.#read;
    const isStartTag = !this.#tagName.startsWith('/');
    const isContent = isStartTag ? this.#tagName !== 'html' : MAKES_HEAD.has(this.#tagName);
    return isContent ? this.#tokenStart : undefined;
  }
}

function classOf(char: string): string {
  if (/[\t\n\f\r]/.test(char)) return ' ';
  return /[a-z]/i.test(char) ? 'a' : char;
}
