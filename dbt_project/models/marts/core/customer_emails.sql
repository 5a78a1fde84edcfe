-- One row per person and e-mail: the survivor and the values that lost to it.
{{ customer_contacts('email') }}
