"""Does a guard let anything through? A suite that can be pointed at any guard with the OpenAI protocols.

The suite is a client on one side of the guard and the model's server on the other. It tells its server what to answer
by a case number in the request, so it knows every byte that a guard was given and sees every byte that came out.
Start it with ``python -m tests.conformance --help``; ``words.py`` says what a guard must withhold.
"""
