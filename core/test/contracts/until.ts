/**
 * Resolves as soon as the text of an element is as it should be. If it never is, the test that waits fails by its own timeout.
 */
export function until(element: Element, isSo: (text: string) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const observer = new MutationObserver(check);
    function check(): void {
      if (!isSo(element.textContent)) return;
      observer.disconnect();
      resolve();
    }
    observer.observe(document, { subtree: true, childList: true, characterData: true });
    check();
  });
}
