"""Looking for tickets in everything a person may see.

`lexicon` (the words of a ticket), `index` (keeps them), `finding` (asks them), `hits` (shows where).
"""
