/** Is notified of writes to a value. */
export interface ChangeListener {
  /** Called after the first write since the window began; a recipe counts as one write. */
  onChange(): void;
}
