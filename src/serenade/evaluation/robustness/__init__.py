"""How the scores of a model change with recording conditions: noise, rooms, bands, level, codecs, speed."""
