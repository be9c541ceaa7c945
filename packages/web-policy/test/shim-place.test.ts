import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parse, type DefaultTreeAdapterTypes } from 'parse5';
import { ShimPlace } from '../src/shim-place.js';

type Child = DefaultTreeAdapterTypes.ChildNode;
type Node = Child | DefaultTreeAdapterTypes.Document;

const SHIM = '<script id="shim"></script>';

function placeOf(document: string, cuts: readonly number[] = []): number {
  const place = new ShimPlace();
  const bytes = Buffer.from(document, 'latin1');
  let from = 0;
  for (const cut of [...cuts, bytes.length].sort((a, b) => a - b)) {
    place.read(bytes.subarray(from, cut));
    from = Math.max(from, cut);
  }
  return place.end();
}

const withShim = (document: string): string => {
  const place = placeOf(document);
  return document.slice(0, place) + SHIM + document.slice(place);
};

const childrenOf = (node: Node | undefined): Child[] =>
  node !== undefined && 'childNodes' in node ? node.childNodes : [];

const named = (nodes: Child[], name: string): Child | undefined =>
  nodes.find(({ nodeName }) => nodeName === name);

function headOf(document: DefaultTreeAdapterTypes.Document): Child | undefined {
  return named(childrenOf(named(document.childNodes, 'html')), 'head');
}

/** Undefined for a head that the parser has made by itself. */
function startTagEnd(head: Child): number | undefined {
  if (!('tagName' in head)) return undefined;
  return head.sourceCodeLocation?.startTag?.endOffset;
}

function isShim(node: Node | undefined): boolean {
  return (
    node !== undefined &&
    'attrs' in node &&
    node.attrs.some(({ name, value }) => name === 'id' && value === 'shim')
  );
}

/** A tree without the shim; a comment may change its place, as it does where the document ends within one. */
function treeOf(node: Node): unknown {
  if (node.nodeName === '#text' && 'value' in node) return node.value;
  if (node.nodeName === '#documentType' && 'systemId' in node) {
    return [node.name, node.publicId, node.systemId];
  }
  const children = childrenOf(node).filter(
    (child) => child.nodeName !== '#comment' && !isShim(child),
  );
  const template = 'content' in node ? [treeOf(node.content as never)] : [];
  const attributes = 'attrs' in node ? node.attrs.map(({ name, value }) => `${name}=${value}`) : [];
  return [node.nodeName, attributes, ...children.map(treeOf), ...template];
}

const piece = fc.oneof(
  fc.constantFrom(
    ...['<html>', '<HTML lang=de>', '<html a="b>c"', '<head>', "<HEAD x='<head>'>", '<head/>'],
    ...['<head', '<header>', '<body>', '<body a=">"', '<p>', '<br>', '<title>', '<script>'],
    ...['<template>', '<frameset>', '<svg>', '<meta a=b/>', '<html ="a>', '<html a = "b" c>'],
    ...['<html a="b"c=\'d\'/e=f/>', '<head a=b"c>', '<head/ "a>"', '<html\n\f\ra\t=\tb>'],
  ),
  fc.constantFrom(
    ...['</html>', '</head>', '</body>', '</br>', '</p>', '</x a=">">', '</', '</>', '</ a>'],
    ...['</headx>', '</HEAD>', '</script>', '</title>', '</template>', '</html'],
  ),
  fc.constantFrom(
    ...['<!doctype html>', '<!DOCTYPE html PUBLIC "-//W3C//DTD HTML 4.01//EN" "x>y">', '<!doctype'],
    ...['<!-->', '<!--->', '<!---->', '<!--a-->', '<!--a--!>', '<!----!>', '<!---!>', '<!--a--->'],
    ...['<!--<!-->', '<!--<!--!>', '<!--', '-->', '--!>', '<!-', '<!a>', '<?xml version="1.0"?>'],
    ...['<![CDATA[a]]>', '<!>', '<?>', '<!-a>', '<!--a--!-->', '<!--a-!>', '<!--a--'],
  ),
  fc.constantFrom(
    ...[' ', '\n', '\r', '\r\n', '\t', '\f', '\v', '\0', '<', '>', '"', "'", '=', '/', '-', '!'],
    ...['<1>', 'text', '&nbsp;', '\xa0', '\xef'],
  ),
);
const html = fc.array(piece, { maxLength: 12 }).map((parts) => parts.join(''));

describe('for any document', () => {
  test('the parser makes the script the first of the head', () => {
    fc.assert(
      fc.property(html, (document) => {
        const [first] = childrenOf(headOf(parse(withShim(document))));
        expect(isShim(first)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test('and the rest of the document is what it was', () => {
    fc.assert(
      fc.property(html, (document) => {
        // Nothing but the doctype shows that such a document has been cut.
        fc.pre(!/<!doctype[^>]*$/i.test(document));
        expect(treeOf(parse(withShim(document)))).toEqual(treeOf(parse(document)));
      }),
      { numRuns: 2_000 },
    );
  });

  test('where the parser finds a head, the place is just inside', () => {
    fc.assert(
      fc.property(html, (document) => {
        const head = headOf(parse(document, { sourceCodeLocationInfo: true }));
        const end = head && startTagEnd(head);
        if (end !== undefined) expect(placeOf(document)).toBe(end);
      }),
      { numRuns: 2_000 },
    );
  });

  test('it is the same however the bytes come', () => {
    fc.assert(
      fc.property(html, fc.array(fc.nat(100), { maxLength: 8 }), (document, cuts) => {
        expect(placeOf(document, cuts)).toBe(placeOf(document));
      }),
    );
  });
});

describe('the place', () => {
  test.each([
    ['ends of elements that make no head are passed over', '</p></>|', '<p>'],
    ['those that make one are not', '</p>|', '</br><head>'],
    ['a second doctype is passed over', '<!doctype html><html><!doctype x><head>|', '<p>'],
    ['the quotes of an attribute hide what they hold', '<html a=">" b=\'>\'><head>|', '<p>'],
    ['a quote elsewhere doesn’t', '<html a" b=c">|', '<p a="<head>">'],
    ['a short comment ends at once', '<!--><!---><head>|', '-->'],
    ['any bogus comment ends with a bracket', '<?a "><!b "></ c "><head>|', '<p>'],
    ['a tag begins with a letter', '|', '<1><head>'],
    ['a vertical tab is text', '\t\n\f\r |', '\v<head>'],
    ['a NUL is text', '<html>|', '\0<head>'],
  ])('%s', (_, before, after) => {
    expect(placeOf(before.replace('|', '') + after)).toBe(before.length - 1);
  });

  test('is told as soon as it is known, and stays', () => {
    const place = new ShimPlace();
    expect(place.read(Buffer.from('<html><hea'))).toBeUndefined();
    expect(place.read(Buffer.from('d><p>'))).toBe(12);
    expect(place.read(Buffer.from('<head>'))).toBe(12);
    expect(place.end()).toBe(12);
  });
});
